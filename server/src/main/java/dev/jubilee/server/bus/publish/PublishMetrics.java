package dev.jubilee.server.bus.publish;

import dev.jubilee.server.bus.stats.Activity;
import dev.jubilee.server.observability.EventCounters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** Counts what was published. Thread-safe. */
final class PublishMetrics {
    private final MeterRegistry registry;
    private final EventCounters published;
    private final EventCounters failed;
    private final Counter operationsFine;
    private final Counter operationsFailed;
    private final Activity activity;

    PublishMetrics(MeterRegistry registry, Activity activity) {
        this.activity = activity;
        this.registry = registry;
        this.published = events("success");
        this.failed = events("error");
        this.operationsFine = operations("success");
        this.operationsFailed = operations("error");
    }

    void acknowledged(String topic, String type) {
        published.increment(topic, type);
        operationsFine.increment();
        activity.published();
    }

    void failed(String topic, String type) {
        failed.increment(topic, type);
        operationsFailed.increment();
        activity.publishFailed();
    }

    private EventCounters events(String status) {
        return new EventCounters(
                registry, "event_bus_events_published", "Events that were published", status);
    }

    private Counter operations(String status) {
        return Counter.builder("event_bus_kafka_operations")
                .description("What was asked of Kafka")
                .tag("operation", "publish")
                .tag("status", status)
                .register(registry);
    }
}
