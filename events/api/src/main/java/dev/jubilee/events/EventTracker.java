package dev.jubilee.events;

import java.time.Duration;
import java.util.Optional;

/**
 * Counts events and how long they take, for people and for Prometheus. It tells a bounded number of
 * types apart, because whoever publishes names them. Thread-safe. What it throws is logged, and
 * changes nothing for the event.
 */
public interface EventTracker {
    /** What came of handling an event. */
    enum Status {
        PROCESSED,
        /** An attempt failed, and another follows. */
        RETRIED,
        /** It became a dead letter, or was dropped. */
        FAILED
    }

    /**
     * The event was handled just now; its latency is the time since {@link BaseEvent#timestamp}.
     */
    default void track(BaseEvent event) {
        track(event, Status.PROCESSED);
    }

    /** This came of handling the event just now. */
    void track(BaseEvent event, Status status);

    /** What was counted of the types that the filter selects. */
    EventStats getStats(EventStatsFilter filter);

    /** The average latency of a type over the window; empty if there was none of it. */
    Optional<Duration> getLatency(String eventType);
}
