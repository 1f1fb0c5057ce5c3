package dev.jubilee.server.liveops.progress;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Participations as this consumer last wrote them, so that a player's next event needs no reading.
 * Each is kept with the row's version; a write of one that somebody has changed since finds no row,
 * and is then done anew from what the row says. For one thread.
 */
final class StandingCache {
    private static final int MAX = 50_000;

    /**
     * @param version the transaction that wrote the row, as {@code xmin} has it
     * @param rewarded milestones that were granted, which no later version takes back
     */
    record Known(Standing.Stored stored, String version, Set<String> rewarded) {}

    private final Map<Hit.Seat, Known> known =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Hit.Seat, Known> eldest) {
                    return size() > MAX;
                }
            };
    private final List<Standing> written = new ArrayList<>();

    @Nullable Known of(Hit.Seat seat) {
        return known.get(seat);
    }

    /** The milestones that a player is known to have been granted; empty when nothing is known. */
    Set<String> rewarded(Hit.Seat seat) {
        Known one = known.get(seat);
        return one == null ? Set.of() : one.rewarded();
    }

    /** Remembers what the transaction writes, until it is known what came of it. */
    void writing(List<Standing> standings) {
        written.addAll(standings);
    }

    /** The transaction was committed under this id. */
    void committed(String version) {
        for (Standing standing : written) {
            Standing.Stored stored = standing.stored();
            known.put(stored.seat(), new Known(stored, version, standing.rewarded()));
        }
        written.clear();
    }

    /** Somebody has changed these since. */
    void forget(Set<Hit.Seat> seats) {
        known.keySet().removeAll(seats);
    }

    /** The transaction was not committed, or nobody knows. */
    void clear() {
        known.clear();
        written.clear();
    }
}
