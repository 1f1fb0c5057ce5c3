package dev.jubilee.bench;

/**
 * How long answers took, in microseconds.
 *
 * @param p50 half took no longer
 * @param p99 one of a hundred took longer
 * @param p999 one of a thousand took longer
 */
public record Latency(long p50, long p99, long p999, long max) {
    /** As milliseconds, for people. */
    public static String millis(long micros) {
        return micros < 10_000
                ? "%.1f".formatted(micros / 1000.0)
                : "%,d".formatted(Math.round(micros / 1000.0));
    }
}
