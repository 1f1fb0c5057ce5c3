package dev.jubilee.bench;

import java.util.Arrays;

/**
 * What one receiver heard of one phase of a load: each event of a key once and in order, or what
 * was wrong. Thread-safe.
 */
final class Ledger {
    private static final double MICROS = 1e3;

    private final int phase;
    private final int[] next;
    private long[] latencies = new long[4_096];
    private int heard;
    private long again;
    private long outOfTurn;

    /**
     * @param keys how many there are, numbered from 0
     */
    Ledger(int phase, int keys) {
        this.phase = phase;
        this.next = new int[keys];
    }

    /** An event arrived at this moment of {@link System#nanoTime}. Other phases are ignored. */
    synchronized void hear(Mark mark, long now) {
        if (mark.phase() != phase) {
            return;
        }
        int expected = next[mark.key()];
        if (mark.number() < expected) {
            again++;
            return;
        }
        if (mark.number() > expected) {
            outOfTurn++;
        }
        next[mark.key()] = mark.number() + 1;
        if (heard == latencies.length) {
            latencies = Arrays.copyOf(latencies, 2 * heard);
        }
        latencies[heard++] = now - mark.at();
    }

    /** Events that arrived, each counted once. */
    synchronized long heard() {
        return heard;
    }

    /** Events that came a second time, or after one of their key that was published later. */
    synchronized long again() {
        return again;
    }

    /** Events that came before one of their key that was published earlier. */
    synchronized long outOfTurn() {
        return outOfTurn;
    }

    /** How long they took from the moment at which they were due. */
    synchronized Latency latency() {
        long[] sorted = Arrays.copyOf(latencies, heard);
        Arrays.sort(sorted);
        return new Latency(at(sorted, 0.5), at(sorted, 0.99), at(sorted, 0.999), at(sorted, 1));
    }

    private static long at(long[] sorted, double quantile) {
        int place = (int) Math.min(sorted.length - 1L, (long) (sorted.length * quantile));
        return sorted.length == 0 ? 0 : Math.round(sorted[place] / MICROS);
    }
}
