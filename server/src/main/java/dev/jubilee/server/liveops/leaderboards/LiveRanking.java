package dev.jubilee.server.liveops.leaderboards;

import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The whole ranking of an occurrence at one moment. Kept in memory and not in an index, because an
 * index on scores would have to be written with every event that counts: it made progress twice as
 * dear, and most rankings are looked at far less often than they change. Immutable.
 */
final class LiveRanking {
    private final String[] users;
    private final double[] scores;
    private final Map<String, Integer> ranks;
    private final Duration took;

    /**
     * @param users the best first, with their scores
     * @param took how long it took to read
     */
    LiveRanking(String[] users, double[] scores, Duration took) {
        this.users = users;
        this.scores = scores;
        this.took = took;
        this.ranks = HashMap.newHashMap(users.length);
        for (int i = 0; i < users.length; i++) {
            ranks.put(users[i], i + 1);
        }
    }

    int size() {
        return users.length;
    }

    Duration took() {
        return took;
    }

    /** Ranks from {@code first} on, as many as there are up to {@code limit}. */
    List<Entry> entries(int first, int limit) {
        List<Entry> entries = new ArrayList<>();
        for (int rank = first; rank <= Math.min(users.length, (long) first + limit - 1); rank++) {
            entries.add(new Entry(rank, users[rank - 1], scores[rank - 1]));
        }
        return entries;
    }

    /** The player's rank; empty when it is not ranked. */
    Optional<Entry> of(String userId) {
        Integer rank = ranks.get(userId);
        return rank == null
                ? Optional.empty()
                : Optional.of(new Entry(rank, userId, scores[rank - 1]));
    }
}
