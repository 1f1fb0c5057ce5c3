package dev.jubilee.server.liveops.leaderboards;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.jubilee.server.database.Database;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The rankings of occurrences. Players with the same score rank by the occurrence's tie-break, so
 * that a ranking is the same whenever and wherever it is asked for; once frozen it does not change
 * any more. A live ranking is at most a second old, or four times what it takes to read when that
 * is longer: with several hundred thousand ranked players, some seconds. Thread-safe.
 */
public final class Leaderboards {
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final int READING_SHARE = 4;

    /** Of the heap, for all live rankings, and again for the one that is being read. */
    private static final int HEAP_SHARE = 6;

    private static final int MAX_CACHED_EVENTS = 2_000;

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

    /**
     * A player's place, and those around it.
     *
     * @param me empty when the player is not ranked
     */
    public record Surroundings(
            String eventId,
            UUID occurrenceId,
            boolean frozen,
            Optional<Entry> me,
            List<Entry> entries) {}

    private record Asked(String eventId, @Nullable UUID occurrenceId) {}

    private final LeaderboardStore store;
    private final Lock reading = new ReentrantLock();
    private final Cache<Asked, Optional<LeaderboardStore.Of>> occurrences;
    private final LoadingCache<LeaderboardStore.Of, LiveRanking> live;

    public Leaderboards(Database database) {
        this(database, Runtime.getRuntime().maxMemory() / HEAP_SHARE, Ticker.systemTicker());
    }

    Leaderboards(Database database, long mostBytes, Ticker ticker) {
        this.store = new LeaderboardStore(database, mostBytes);
        this.occurrences =
                Caffeine.newBuilder()
                        .ticker(ticker)
                        .expireAfterWrite(FRESH)
                        .maximumSize(MAX_CACHED_EVENTS)
                        .build();
        this.live =
                Caffeine.newBuilder()
                        .ticker(ticker)
                        .maximumWeight(mostBytes)
                        .weigher((LeaderboardStore.Of of, LiveRanking ranking) -> ranking.bytes())
                        .expireAfter(
                                Expiry.creating((LeaderboardStore.Of of, LiveRanking ranking) ->
                                        freshness(ranking)))
                        .build(this::read);
    }

    /** Looks anew which occurrences there are and which are over; quick, and for any thread. */
    public void occurrencesChanged() {
        occurrences.invalidateAll();
    }

    /** One at a time: while it is read a ranking takes as much memory as all that are cached. */
    private LiveRanking read(LeaderboardStore.Of of) {
        reading.lock();
        try {
            return store.live(of);
        } finally {
            reading.unlock();
        }
    }

    /**
     * Some of the ranking; empty when there is no such event or occurrence.
     *
     * @param occurrenceId null for the latest that has begun
     */
    public Optional<Board> page(
            String eventId, @Nullable UUID occurrenceId, int offset, int limit) {
        return occurrence(eventId, occurrenceId)
                .map(of ->
                        new Board(
                                eventId,
                                of.occurrenceId(),
                                of.frozen(),
                                entries(of, offset + 1, limit),
                                size(of)));
    }

    /**
     * The entries around a player, and its own; empty when there is no such event or occurrence.
     *
     * @param limit how many in all
     */
    public Optional<Surroundings> around(
            String eventId, @Nullable UUID occurrenceId, String userId, int limit) {
        return occurrence(eventId, occurrenceId)
                .map(of -> {
                    Optional<Entry> me =
                            of.frozen() ? store.frozenPlace(of, userId) : live.get(of).of(userId);
                    List<Entry> entries =
                            me.map(entry -> entries(of, first(entry, limit, size(of)), limit))
                                    .orElse(List.of());
                    return new Surroundings(eventId, of.occurrenceId(), of.frozen(), me, entries);
                });
    }

    /**
     * Where {@code limit} of them begin, so that the player is in the middle if that is possible.
     */
    private static int first(Entry entry, int limit, long size) {
        long last = Math.max(1, size - limit + 1);
        return Math.toIntExact(Math.clamp(entry.rank() - (limit - 1) / 2L, 1, last));
    }

    private long size(LeaderboardStore.Of of) {
        return of.frozen() ? store.frozenSize(of) : live.get(of).size();
    }

    private List<Entry> entries(LeaderboardStore.Of of, int first, int limit) {
        return of.frozen() ? store.frozen(of, first, limit) : live.get(of).entries(first, limit);
    }

    private Optional<LeaderboardStore.Of> occurrence(String eventId, @Nullable UUID occurrenceId) {
        return occurrences.get(
                new Asked(eventId, occurrenceId), asked -> store.occurrence(eventId, occurrenceId));
    }

    /** How long it is shown: so long that it is being read for a fifth of the time at most. */
    private static Duration freshness(LiveRanking ranking) {
        Duration share = ranking.took().multipliedBy(READING_SHARE);
        return share.compareTo(FRESH) > 0 ? share : FRESH;
    }
}
