package dev.jubilee.server.bus.store;

import dev.jubilee.server.observability.EventCounters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Counts what was stored. For the consuming loop's thread. */
final class StoreMetrics {
    private final MeterRegistry registry;
    private final EventCounters consumed;
    private final Timer query;
    private final Timer processing;
    private final Counter operations;
    private final Counter failures;
    private final Counter parked;

    StoreMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.consumed =
                new EventCounters(
                        registry,
                        "event_bus_events_consumed",
                        "Events that were consumed",
                        "success");
        this.query =
                Timer.builder("event_bus_database_query_duration")
                        .tag("operation", "event_store")
                        .publishPercentiles(0.5, 0.95, 0.99)
                        .register(registry);
        this.processing =
                Timer.builder("event_bus_event_processing_duration")
                        .tag("operation", "consume")
                        .tag("event_type", "all")
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
        processing.record(nanos / rows.size(), TimeUnit.NANOSECONDS);
        operations.increment(rows.size());
        for (EventRow row : rows) {
            consumed.increment(row.record().topic(), row.event().type());
        }
    }

    void failed(int rows) {
        failures.increment(rows);
    }

    void parked() {
        parked.increment();
    }

    private Counter kafka(String status) {
        return Counter.builder("event_bus_kafka_operations")
                .description("What was asked of Kafka")
                .tag("operation", "consume")
                .tag("status", status)
                .register(registry);
    }
}
