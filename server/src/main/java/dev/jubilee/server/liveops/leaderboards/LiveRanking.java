package dev.jubilee.server.liveops.leaderboards;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The whole ranking of an occurrence at one moment. Kept in memory and not in an index, because an
 * index on scores would have to be written with every event that counts: it made progress twice as
 * dear, and most rankings are looked at far less often than they change. Packed, so that a million
 * players take some tens of megabytes: the length of the id and 20 to 28 bytes each. Immutable.
 */
final class LiveRanking {
    private final byte[] names;
    private final int[] ends;
    private final double[] scores;
    private final int size;

    /** Open addressing by the hash of the name: a rank, or 0 where there is none. */
    private final int[] ranks;

    private final Duration took;

    private LiveRanking(Builder built, Duration took) {
        this.names = built.names;
        this.ends = built.ends;
        this.scores = built.scores;
        this.size = built.size;
        this.took = took;
        // At most two thirds full.
        this.ranks = new int[Math.max(2, Integer.highestOneBit(size + size / 2) << 1)];
        for (int rank = 1; rank <= size; rank++) {
            int slot = slot(hash(names, begin(rank), ends[rank - 1]));
            while (ranks[slot] != 0) {
                slot = next(slot);
            }
            ranks[slot] = rank;
        }
    }

    /** Gathers a ranking, the best first. */
    static final class Builder {
        private static final int FIRST = 1_024;

        private final long mostBytes;
        private byte[] names = new byte[16 * FIRST];
        private int[] ends = new int[FIRST];
        private double[] scores = new double[FIRST];
        private int size;
        private int used;

        /**
         * @param mostBytes that it may take
         */
        Builder(long mostBytes) {
            this.mostBytes = mostBytes;
        }

        /** Adds the next; false, and nothing added, if there is no room for it. */
        boolean add(String user, double score) {
            byte[] name = user.getBytes(UTF_8);
            if (size == ends.length) {
                if (bytes(2L * size, names.length) > mostBytes) {
                    return false;
                }
                ends = Arrays.copyOf(ends, 2 * size);
                scores = Arrays.copyOf(scores, 2 * size);
            }
            if (used + name.length > names.length) {
                if (bytes(ends.length, 2L * names.length) > mostBytes) {
                    return false;
                }
                names = Arrays.copyOf(names, Math.max(used + name.length, 2 * names.length));
            }
            System.arraycopy(name, 0, names, used, name.length);
            used += name.length;
            ends[size] = used;
            scores[size++] = score;
            return true;
        }

        /**
         * @param took how long it took to read
         */
        LiveRanking build(Duration took) {
            return new LiveRanking(this, took);
        }

        private static long bytes(long players, long names) {
            return names + players * (Integer.BYTES + Double.BYTES + 2 * Integer.BYTES);
        }
    }

    int size() {
        return size;
    }

    /** The bytes of memory that it takes. */
    int bytes() {
        return Math.toIntExact(
                names.length
                        + (long) Integer.BYTES * (ends.length + ranks.length)
                        + (long) Double.BYTES * scores.length);
    }

    Duration took() {
        return took;
    }

    /** Ranks from {@code first} on, as many as there are up to {@code limit}. */
    List<Entry> entries(int first, int limit) {
        List<Entry> entries = new ArrayList<>();
        for (int rank = first; rank <= Math.min(size, (long) first + limit - 1); rank++) {
            entries.add(
                    new Entry(
                            rank,
                            new String(names, begin(rank), ends[rank - 1] - begin(rank), UTF_8),
                            scores[rank - 1]));
        }
        return entries;
    }

    /** The player's rank; empty when it is not ranked. */
    Optional<Entry> of(String userId) {
        byte[] name = userId.getBytes(UTF_8);
        int slot = slot(hash(name, 0, name.length));
        for (int rank = ranks[slot]; rank != 0; rank = ranks[slot]) {
            if (Arrays.equals(names, begin(rank), ends[rank - 1], name, 0, name.length)) {
                return Optional.of(new Entry(rank, userId, scores[rank - 1]));
            }
            slot = next(slot);
        }
        return Optional.empty();
    }

    private int begin(int rank) {
        return rank == 1 ? 0 : ends[rank - 2];
    }

    private int slot(int hash) {
        return (hash ^ (hash >>> 16)) & (ranks.length - 1);
    }

    private int next(int slot) {
        return (slot + 1) & (ranks.length - 1);
    }

    private static int hash(byte[] bytes, int from, int to) {
        int hash = 1;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash * 0x9E3779B9;
    }
}
