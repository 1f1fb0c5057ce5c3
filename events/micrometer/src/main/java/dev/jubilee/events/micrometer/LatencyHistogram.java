package dev.jubilee.events.micrometer;

import java.time.Duration;

/**
 * Counts latencies in buckets that grow with them, so that every quantile is exact to 1/16 of its
 * value, from a microsecond up, in a few kilobytes. Not thread-safe.
 */
final class LatencyHistogram {
    private static final int STEP_BITS = 4;
    private static final int STEPS = 1 << STEP_BITS;
    private static final int OCTAVES =
            44; // up to 2^48 µs, nearly 9 years; the last bucket has the rest

    /** The longest that nanoseconds count: 292 years. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private final int[] counts = new int[(OCTAVES + 1) * STEPS];
    private long total;
    private double sumNanos;

    /** From nothing to what nanoseconds count: events may claim to be of any time. */
    static Duration bounded(Duration latency) {
        if (latency.isNegative()) {
            return Duration.ZERO;
        }
        return latency.compareTo(LONGEST) > 0 ? LONGEST : latency;
    }

    void add(Duration latency) {
        long nanos = bounded(latency).toNanos();
        counts[bucket(nanos / 1000)]++;
        total++;
        sumNanos += nanos;
    }

    void addAll(LatencyHistogram other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
        total += other.total;
        sumNanos += other.sumNanos;
    }

    long total() {
        return total;
    }

    /** Zero if nothing was counted. */
    Duration average() {
        return total == 0 ? Duration.ZERO : Duration.ofNanos((long) (sumNanos / total));
    }

    /** What this part of the latencies did not exceed: the upper end of its bucket. */
    Duration quantile(double part) {
        long rank = (long) Math.ceil(part * total);
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= rank && seen > 0) {
                return Duration.ofNanos(upperMicros(i) * 1000);
            }
        }
        return Duration.ZERO;
    }

    /** Up to 16 µs each its own; above, sixteen for each doubling. */
    private static int bucket(long micros) {
        if (micros < STEPS) {
            return (int) micros;
        }
        int octave = Long.SIZE - 1 - Long.numberOfLeadingZeros(micros) - STEP_BITS;
        int step = (int) (micros >>> octave) - STEPS;
        return Math.min((octave + 1) * STEPS + step, (OCTAVES + 1) * STEPS - 1);
    }

    private static long upperMicros(int bucket) {
        if (bucket < STEPS) {
            return bucket;
        }
        int octave = bucket / STEPS - 1;
        long step = (long) bucket % STEPS + STEPS;
        return ((step + 1) << octave) - 1;
    }
}
