package dev.jubilee.server.bus.topics;

import dev.jubilee.server.config.SettingsReader;
import java.time.Duration;

/**
 * What a topic gets when its creation does not say.
 *
 * @param defaultRetention how long Kafka keeps events
 */
public record TopicSettings(int defaultPartitions, int defaultReplicas, Duration defaultRetention) {
    static final int MAX_PARTITIONS = 1_000;
    static final int MAX_REPLICAS = 16;
    static final int MAX_RETENTION_HOURS = 87_600;

    /** Reads {@code EVENT_BUS_DEFAULT_PARTITIONS} and its like. */
    public static TopicSettings from(SettingsReader reader) {
        return new TopicSettings(
                reader.integer("EVENT_BUS_DEFAULT_PARTITIONS", 3, 1, MAX_PARTITIONS),
                reader.integer("EVENT_BUS_DEFAULT_REPLICAS", 2, 1, MAX_REPLICAS),
                reader.duration(
                        "EVENT_BUS_EVENT_RETENTION_PERIOD",
                        Duration.ofHours(168),
                        Duration.ofHours(1),
                        Duration.ofHours(MAX_RETENTION_HOURS)));
    }

    int defaultRetentionHours() {
        return (int) defaultRetention.toHours();
    }
}
