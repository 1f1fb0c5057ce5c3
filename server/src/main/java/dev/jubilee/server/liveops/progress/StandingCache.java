package dev.jubilee.server.liveops.progress;

import java.util.ArrayList;
import java.util.Iterator;
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
    private static final int OVERHEAD = 400;
    private static final int ENTRY = 80;

    /**
     * @param version the transaction that wrote the row, as {@code xmin} has it
     * @param rewarded milestones that were granted, which no later version takes back
     */
    record Known(Standing.Stored stored, String version, Set<String> rewarded) {
        /**
         * About how many bytes of memory it takes; the names of metrics and milestones are shared.
         */
        long bytes() {
            return OVERHEAD
                    + stored.seat().userId().length()
                    + (long) ENTRY * (stored.progress().size() + rewarded.size());
        }
    }

    private final long mostBytes;
    private final Map<Candidate.Seat, Known> known = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;
    private final List<Standing> written = new ArrayList<>();

    /** One of so many, which take a fifth of the heap together at most. */
    static StandingCache oneOf(int caches) {
        return new StandingCache(Runtime.getRuntime().maxMemory() / 5 / caches);
    }

    StandingCache(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    @Nullable Known of(Candidate.Seat seat) {
        return known.get(seat);
    }

    /** The milestones that a player is known to have been granted; empty when nothing is known. */
    Set<String> rewarded(Candidate.Seat seat) {
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
            remember(new Known(stored, version, standing.rewarded()));
        }
        written.clear();
    }

    void remember(Known one) {
        Known before = known.put(one.stored().seat(), one);
        bytes += one.bytes() - (before == null ? 0 : before.bytes());
        Iterator<Known> eldest = known.values().iterator();
        while (known.size() > MAX || (bytes > mostBytes && known.size() > 1)) {
            bytes -= eldest.next().bytes();
            eldest.remove();
        }
    }

    long mostBytes() {
        return mostBytes;
    }

    int size() {
        return known.size();
    }

    /** Forgets standings that others have changed. */
    void forget(Set<Candidate.Seat> seats) {
        for (Candidate.Seat seat : seats) {
            Known gone = known.remove(seat);
            bytes -= gone == null ? 0 : gone.bytes();
        }
    }

    /** The transaction was not committed, or nobody knows. */
    void clear() {
        known.clear();
        bytes = 0;
        written.clear();
    }
}
