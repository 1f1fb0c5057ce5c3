package dev.jubilee.server.observability;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One counter for each topic and event type. Publishers name the types: past a thousand of a topic,
 * or five thousand of all, the rest is counted as {@code other}. Thread-safe and cheap: a counter
 * is looked up, never made twice.
 */
public final class EventCounters {
    private static final int MAX_TYPES = 1_000;
    private static final int MAX_COUNTERS = 5_000;
    private static final int MAX_LABEL = 100;

    private final MeterRegistry registry;
    private final String name;
    private final String description;
    private final String status;
    private final Map<String, Map<String, Counter>> counters = new ConcurrentHashMap<>();
    private final AtomicInteger made = new AtomicInteger();

    /**
     * @param status what became of the events that these count
     */
    public EventCounters(MeterRegistry registry, String name, String description, String status) {
        this.registry = registry;
        this.name = name;
        this.description = description;
        this.status = status;
    }

    /** Counts one event. */
    public void increment(String topic, String type) {
        counter(topic, type).increment();
    }

    private Counter counter(String topic, String type) {
        Map<String, Counter> ofTopic = counters.get(topic);
        if (ofTopic == null) {
            ofTopic = counters.computeIfAbsent(topic, t -> new ConcurrentHashMap<>());
        }
        Counter known = ofTopic.get(type);
        if (known != null) {
            return known;
        }
        boolean room = ofTopic.size() < MAX_TYPES && made.get() < MAX_COUNTERS;
        String label = room ? type : "other";
        return ofTopic.computeIfAbsent(label, t -> register(topic, t));
    }

    private Counter register(String topic, String type) {
        made.incrementAndGet();
        return Counter.builder(name)
                .description(description)
                .tag("topic", topic)
                .tag("event_type", shortened(type))
                .tag("status", status)
                .register(registry);
    }

    private static String shortened(String type) {
        if (type.length() <= MAX_LABEL) {
            return type;
        }
        boolean splits = Character.isHighSurrogate(type.charAt(MAX_LABEL - 1));
        return type.substring(0, splits ? MAX_LABEL - 1 : MAX_LABEL);
    }
}
