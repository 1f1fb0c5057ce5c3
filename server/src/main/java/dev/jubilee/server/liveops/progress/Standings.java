package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.database.UuidOrder;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.progress.StandingCache.Known;
import dev.jubilee.server.liveops.progress.StandingRows.Locked;
import dev.jubilee.server.liveops.progress.StandingRows.Waiting;
import dev.jubilee.server.players.Player;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The participations that one batch concerns: some read under their locks, some as this consumer
 * remembers them. For one thread, one transaction.
 */
final class Standings {
    /**
     * The order of PostgreSQL, in which rows are locked; it takes the bytes of a UUID as unsigned.
     */
    private static final Comparator<Standing> IN_KEY_ORDER =
            Comparator.comparing((Standing s) -> s.seat().occurrenceId(), UuidOrder::compare)
                    .thenComparing(s -> s.seat().userId());

    private final Map<UUID, Occurrence> occurrences = new HashMap<>();
    private final Map<Candidate.Seat, Standing> bySeat = new HashMap<>();
    private final Map<Candidate.Seat, String> remembered = new HashMap<>();

    private final Map<String, Player> players;
    private final @Nullable StandingCache cache;

    private Standings(Map<String, Player> players, @Nullable StandingCache cache) {
        this.players = players;
        this.cache = cache;
    }

    static Standings of(
            Connection connection,
            List<Candidate> candidates,
            Map<String, Player> players,
            @Nullable StandingCache cache)
            throws SQLException {
        Standings standings = new Standings(players, cache);
        Set<Candidate.Seat> judged = judgedByProgress(candidates);
        Set<Candidate.Seat> unknown = new LinkedHashSet<>();
        for (Candidate candidate : candidates) {
            Occurrence occurrence = candidate.binding().occurrence();
            standings.occurrences.put(occurrence.occurrenceId(), occurrence);
            Candidate.Seat seat = candidate.seat();
            if (!standings.bySeat.containsKey(seat)
                    && (judged.contains(seat) || !standings.remember(seat))) {
                unknown.add(seat);
            }
        }
        if (!unknown.isEmpty()) {
            standings.lockAll(connection, unknown);
        }
        return standings;
    }

    /**
     * Those for whom it depends on the metrics whether one of the events counts: that is judged by
     * what the row says, as one that does not count leaves nothing that would show them outdated.
     */
    private static Set<Candidate.Seat> judgedByProgress(List<Candidate> candidates) {
        Set<Candidate.Seat> seats = new HashSet<>();
        for (Candidate candidate : candidates) {
            if (candidate.binding().needsProgress()) {
                seats.add(candidate.seat());
            }
        }
        return seats;
    }

    private boolean remember(Candidate.Seat seat) {
        Known known = cache == null ? null : cache.of(seat);
        if (known == null) {
            return false;
        }
        remembered.put(seat, known.version());
        put(known.stored());
        return true;
    }

    private void put(Standing.Stored stored) {
        Candidate.Seat seat = stored.seat();
        Occurrence occurrence = occurrences.get(seat.occurrenceId());
        if (occurrence != null) {
            Player player = players.get(seat.userId());
            Set<String> rewarded = cache == null ? Set.of() : cache.rewarded(seat);
            bySeat.put(seat, new Standing(occurrence, stored, player, rewarded));
        }
    }

    /**
     * Locks those that are remembered as well: whoever writes several participations takes all
     * locks in the order of keys, and writing to those that are remembered would come too late.
     */
    private void lockAll(Connection connection, Set<Candidate.Seat> unknown) throws SQLException {
        Set<Candidate.Seat> all = new LinkedHashSet<>(unknown);
        all.addAll(remembered.keySet());
        Locked locked = StandingRows.lock(connection, all, remembered, Waiting.ALLOWED);
        bySeat.keySet().retainAll(locked.unchanged());
        remembered.clear();
        locked.read().forEach(this::put);
    }

    /**
     * Forgets what is remembered of these, and reads them under their locks. As others are locked
     * already, it fails where it would have to wait; the next attempt locks all in order.
     */
    void reread(Connection connection, Set<Candidate.Seat> seats) throws SQLException {
        bySeat.keySet().removeAll(seats);
        remembered.keySet().removeAll(seats);
        Locked locked = StandingRows.lock(connection, seats, Map.of(), Waiting.REFUSED);
        locked.read().forEach(this::put);
    }

    /** Null when the player is not in. */
    @Nullable Standing at(Candidate.Seat seat) {
        return bySeat.get(seat);
    }

    /** The standings that changed, in the order of their keys. */
    List<Standing> changed() {
        return bySeat.values().stream().filter(Standing::changed).sorted(IN_KEY_ORDER).toList();
    }

    /**
     * Writes what has changed, and returns those that are no longer as they were remembered. Where
     * an event counted and changed nothing, it might have changed what the row says by now.
     */
    Set<Candidate.Seat> write(Connection connection) throws SQLException {
        Set<Candidate.Seat> outdated = write(connection, changed());
        outdated.addAll(StandingRows.outdated(connection, unchangedFromMemory()));
        return outdated;
    }

    private Map<UUID, Known> unchangedFromMemory() {
        Map<UUID, Known> unchanged = new HashMap<>();
        remembered.forEach((seat, version) -> {
            Standing standing = bySeat.get(seat);
            if (standing != null && standing.counted() && !standing.changed()) {
                unchanged.put(
                        standing.participationId(),
                        new Known(standing.stored(), version, Set.of()));
            }
        });
        return unchanged;
    }

    /** The same for some. */
    void write(Connection connection, Set<Candidate.Seat> seats) throws SQLException {
        List<Standing> some = changed().stream().filter(s -> seats.contains(s.seat())).toList();
        write(connection, some);
    }

    private Set<Candidate.Seat> write(Connection connection, List<Standing> changed)
            throws SQLException {
        Set<UUID> written = StandingRows.update(connection, changed, remembered);
        Set<Candidate.Seat> outdated = new HashSet<>();
        for (Standing standing : changed) {
            if (!written.contains(standing.participationId())) {
                outdated.add(standing.seat());
            }
        }
        return outdated;
    }
}
