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
        boolean enableDlq) {}
