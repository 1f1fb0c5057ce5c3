package dev.jubilee.server.bus.publish;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts what was published. Event types are named by publishers: past a thousand of a topic, the
 * rest is counted as {@code other}. Thread-safe and cheap: a counter is looked up, never made
 * twice.
 */
final class PublishMetrics {
    private static final int MAX_TYPES = 1_000;

    private final MeterRegistry registry;
    private final Map<String, Map<String, Counter>> published = new ConcurrentHashMap<>();
    private final Map<String, Map<String, Counter>> failed = new ConcurrentHashMap<>();
    private final Counter operationsFine;
    private final Counter operationsFailed;

    PublishMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.operationsFine = operations("success");
        this.operationsFailed = operations("error");
    }

    void acknowledged(String topic, String type) {
        counter(published, topic, type, "success").increment();
        operationsFine.increment();
    }

    void failed(String topic, String type) {
        counter(failed, topic, type, "error").increment();
        operationsFailed.increment();
    }

    private Counter counter(
            Map<String, Map<String, Counter>> counters, String topic, String type, String status) {
        Map<String, Counter> ofTopic = counters.get(topic);
        if (ofTopic == null) {
            ofTopic = counters.computeIfAbsent(topic, t -> new ConcurrentHashMap<>());
        }
        Counter known = ofTopic.get(type);
        if (known != null) {
            return known;
        }
        String label = ofTopic.size() < MAX_TYPES ? type : "other";
        return ofTopic.computeIfAbsent(
                label,
                t ->
                        Counter.builder("event_bus_events_published")
                                .description("Events that were published")
                                .tag("topic", topic)
                                .tag("event_type", t)
                                .tag("status", status)
                                .register(registry));
    }

    private Counter operations(String status) {
        return Counter.builder("event_bus_kafka_operations")
                .description("What was asked of Kafka")
                .tag("operation", "publish")
                .tag("status", status)
                .register(registry);
    }
}
