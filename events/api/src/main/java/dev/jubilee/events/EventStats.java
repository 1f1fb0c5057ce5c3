package dev.jubilee.events;

import java.time.Duration;
import java.util.Map;

/**
 * Events in a window.
 *
 * @param total handled and failed, retries not counted
 * @param byType the same by type
 * @param failureRate the part of the total that failed, 0 to 1; 0 if there was none
 * @param averageLatency of the handled ones, zero if there was none
 */
public record EventStats(
        long total,
        Map<String, Long> byType,
        double failureRate,
        Duration averageLatency,
        TimeDistribution timeDistribution) {

    /** Latencies that so many of a hundred handled events did not exceed. */
    public record TimeDistribution(Duration p50, Duration p90, Duration p99) {}

    public EventStats {
        byType = Map.copyOf(byType);
    }
}
