package dev.jubilee.server.bus.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventTracker.Status;
import dev.jubilee.events.micrometer.MicrometerEventTracker;
import dev.jubilee.server.bus.stats.Activity;
import dev.jubilee.server.observability.EventCounters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Counts what was stored. The duration of an event is kept for a hundred types, the rest is {@code
 * other}. Thread-safe.
 */
final class StoreMetrics {
    private static final int MAX_TIMED = 100;

    private final MeterRegistry registry;
    private final EventCounters consumed;
    private final InstantSource clock;
    private final Activity activity;
    private final Timer query;
    private final Map<String, Timer> processing = new ConcurrentHashMap<>();
    private final Counter operations;
    private final Counter failures;
    private final Counter parked;
    private final @Nullable MicrometerEventTracker tracker;

    /**
     * @param tracking whether events are counted and timed by their type alone as well
     */
    StoreMetrics(MeterRegistry registry, InstantSource clock, Activity activity, boolean tracking) {
        this.tracker = tracking ? new MicrometerEventTracker(registry, clock) : null;
        this.registry = registry;
        this.consumed =
                new EventCounters(
                        registry,
                        "event_bus_events_consumed",
                        "Events that were consumed",
                        "success");
        this.clock = clock;
        this.activity = activity;
        this.query =
                Timer.builder("event_bus_database_query_duration")
                        .tag("operation", "event_store")
                        .publishPercentiles(0.5, 0.95, 0.99)
                        .register(registry);
        this.operations = kafka("success");
        this.failures = kafka("error");
        this.parked =
                Counter.builder("event_bus_store_parked_events")
                        .description("Events that PostgreSQL did not take")
                        .register(registry);
    }

    void stored(List<EventRow> rows, long nanos) {
        query.record(nanos, TimeUnit.NANOSECONDS);
        if (rows.isEmpty()) {
            return;
        }
        operations.increment(rows.size());
        Instant stored = clock.instant();
        long all = 0;
        for (EventRow row : rows) {
            consumed.increment(row.record().topic(), row.event().type());
            long took = Math.max(0, row.acceptedAt().until(stored, ChronoUnit.NANOS));
            timer(row.event().type()).record(took, TimeUnit.NANOSECONDS);
            all += took;
            track(row.event(), Status.PROCESSED);
        }
        activity.consumed(rows.size(), Duration.ofNanos(all));
    }

    void failed(int rows) {
        failures.increment(rows);
        activity.consumeFailed(rows);
    }

    void parked(EventRow row) {
        parked.increment();
        track(row.event(), Status.FAILED);
    }

    private void track(Envelope event, Status status) {
        if (tracker != null) {
            tracker.track(StoredText.clip(event.type(), 100), event.time(), status);
        }
    }

    private Timer timer(String type) {
        Timer known = processing.get(type);
        if (known != null) {
            return known;
        }
        String label = processing.size() < MAX_TIMED ? type : "other";
        return processing.computeIfAbsent(
                label,
                t ->
                        Timer.builder("event_bus_event_processing_duration")
                                .description("From an event's acceptance until it was stored")
                                .tag("operation", "consume")
                                .tag("event_type", StoredText.clip(t, 100))
                                .publishPercentiles(0.5, 0.95, 0.99)
                                // Some kilobytes a type instead of some hundred.
                                .percentilePrecision(1)
                                .distributionStatisticBufferLength(2)
                                .minimumExpectedValue(Duration.ofNanos(100_000))
                                .maximumExpectedValue(Duration.ofMinutes(1))
                                .register(registry));
    }

    private Counter kafka(String status) {
        return Counter.builder("event_bus_kafka_operations")
                .description("What was asked of Kafka")
                .tag("operation", "consume")
                .tag("status", status)
                .register(registry);
    }
}
