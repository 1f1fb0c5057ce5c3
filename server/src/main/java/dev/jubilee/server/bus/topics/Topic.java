package dev.jubilee.server.bus.topics;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A topic as it is in force.
 *
 * @param kafkaTopicId Kafka's own id: a topic that is deleted and made again is another one
 * @param schema JSON Schema of its payloads, as text
 * @param replicationFactor what Kafka really keeps, which may be less than what was asked for
 * @param status {@link #ACTIVE} or {@link #PAUSED}
 * @param isSystemTopic whether it is the platform's: only admins write to it, change or delete it
 * @param requiresAuth whether its use needs a grant of its own
 * @param enableDlq whether dead letters are copied to the dead-letter topic
 */
public record Topic(
        UUID id,
        String name,
        UUID kafkaTopicId,
        @Nullable String description,
        @Nullable String schema,
        int partitions,
        int replicationFactor,
        int retentionHours,
        String status,
        String category,
        @Nullable String ownerService,
        Instant createdAt,
        Instant updatedAt,
        boolean isSystemTopic,
        boolean requiresAuth,
        boolean enableDlq) {
    /** Takes events. */
    public static final String ACTIVE = "active";

    /** Takes none until it is resumed; what it holds is delivered on. */
    public static final String PAUSED = "paused";

    /** Whether it takes events at all. */
    public boolean isActive() {
        return status.equals(ACTIVE);
    }

    /**
     * Whether any game server may publish any payload to it: the one question that the busiest path
     * asks.
     */
    public boolean isOpen() {
        return !requiresAuth && schema == null && !isSystemTopic && isActive();
    }
}
