package dev.jubilee.server.liveops.leaderboards;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.jubilee.server.database.Database;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The rankings of occurrences, at most a second old. Players with the same score rank by the
 * occurrence's tie-break, so that a ranking is the same whenever and wherever it is asked for; once
 * frozen it does not change any more. Thread-safe.
 */
public final class Leaderboards {
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final int MAX_CACHED = 2_000;

    /** One ranked player; ranks begin with 1 and are all different. */
    public record Entry(int rank, String userId, double score) {}

    /**
     * Some of a ranking.
     *
     * @param frozen whether it is final
     * @param total how many are ranked
     */
    public record Board(
            String eventId, UUID occurrenceId, boolean frozen, List<Entry> entries, long total) {}

    /** A player's place, and those around it. */
    public record Surroundings(
            String eventId,
            UUID occurrenceId,
            boolean frozen,
            int rank,
            double score,
            List<Entry> entries) {}

    private record Asked(String eventId, @Nullable UUID occurrenceId, int offset, int limit) {}

    private record AskedAround(
            String eventId, @Nullable UUID occurrenceId, String userId, int limit) {}

    private final LeaderboardStore store;
    private final Cache<Asked, Optional<Board>> boards = cache();
    private final Cache<AskedAround, Optional<Around>> surroundings = cache();

    /**
     * What came of looking around a player.
     *
     * @param place empty when the player is not ranked
     */
    record Around(Optional<Surroundings> place) {}

    public Leaderboards(Database database) {
        this.store = new LeaderboardStore(database);
    }

    /**
     * A page of the ranking; empty when there is no such event or occurrence.
     *
     * @param occurrenceId null for the latest that has begun
     */
    public Optional<Board> page(
            String eventId, @Nullable UUID occurrenceId, int offset, int limit) {
        return boards.get(
                new Asked(eventId, occurrenceId, offset, limit),
                asked ->
                        store.occurrence(eventId, occurrenceId)
                                .map(of -> store.page(of, offset, limit)));
    }

    /** Those around a player, itself among them; empty when there is no such event. */
    Optional<Around> around(String eventId, @Nullable UUID occurrenceId, String userId, int limit) {
        return surroundings.get(
                new AskedAround(eventId, occurrenceId, userId, limit),
                asked ->
                        store.occurrence(eventId, occurrenceId)
                                .map(of -> new Around(store.around(of, userId, limit))));
    }

    /** A player's place in the latest occurrence that has begun; empty when it is not ranked. */
    public Optional<Surroundings> placeOf(String eventId, String userId, int limit) {
        return around(eventId, null, userId, limit).flatMap(Around::place);
    }

    private static <K, V> Cache<K, V> cache() {
        return Caffeine.newBuilder().expireAfterWrite(FRESH).maximumSize(MAX_CACHED).build();
    }
}
