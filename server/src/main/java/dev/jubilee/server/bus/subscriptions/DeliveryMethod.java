package dev.jubilee.server.bus.subscriptions;

import java.util.List;
import java.util.Locale;

/** How events are brought to a subscriber. */
public enum DeliveryMethod {
    /** Posted to an HTTP endpoint. */
    WEBHOOK,
    /**
     * Written to a topic, each event once; or, without a topic, read by the subscriber itself from
     * Kafka under a group of its own.
     */
    KAFKA,
    /** Published to an exchange of a RabbitMQ server. */
    RABBITMQ,
    /** Appended to a stream of a Redis server. */
    REDIS,
    /** Taken by the subscriber: streamed, or pulled and acknowledged. */
    SSE;

    /** The names, as requests write them. */
    public static final List<String> NAMES =
            List.of("webhook", "kafka", "rabbitmq", "redis", "sse");

    /** The name on the wire. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Whether a message bears the topic of its events, by which queues are bound and readers
     * choose: all events of a batch are then of one topic.
     */
    public boolean namesTopics() {
        return this == RABBITMQ || this == REDIS;
    }

    /** The method written so. */
    public static DeliveryMethod of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
