package dev.jubilee.server.bus.replay;

import dev.jubilee.events.PartitionId;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.kafka.TopicOffsets;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out whether Kafka still holds what a replay is of. Blocks. Thread-safe. */
final class KafkaRange {
    private static final Logger log = LoggerFactory.getLogger(KafkaRange.class);

    private final TopicOffsets kafka;
    private final TopicCatalogue topics;
    private final Database database;

    KafkaRange(Admin admin, TopicCatalogue topics, Database database) {
        this.kafka = new TopicOffsets(admin);
        this.topics = topics;
        this.database = database;
    }

    /** Where the replay begins and ends in Kafka; null when Kafka may not hold all of it. */
    @Nullable KafkaPositions of(Replay replay) {
        Map<UUID, String> names = new HashMap<>();
        for (Topic topic : topics.all()) {
            if (isOf(replay, topic.name())) {
                names.put(topic.kafkaTopicId(), topic.name());
            }
        }
        if (names.isEmpty() || hadOthers(replay, names.keySet())) {
            return null;
        }
        try {
            return positions(replay, names);
        } catch (RetryableException e) {
            log.info("replay {} reads the event store: {}", replay.replayId(), e.getMessage());
            return null;
        }
    }

    private static boolean isOf(Replay replay, String topic) {
        return TopicPattern.of(replay.topic()).matches(topic)
                && !replay.excludedTopics().contains(topic);
    }

    /**
     * Whether the store took events of the range from topics that are gone, though there may be
     * some of their names again. Only the store knows what these held.
     */
    private boolean hadOthers(Replay replay, Set<UUID> topicIds) {
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT DISTINCT topic_id, topic FROM platform.consumer_offsets
                             WHERE consumer_group = ? AND updated_at >= ?
                            """)) {
                select.setString(1, EventStore.GROUP);
                select.setObject(2, Timestamps.utc(replay.startTime().minus(KafkaOrder.SKEW)));
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        if (!topicIds.contains(row.getObject(1, UUID.class))
                                && isOf(replay, row.getString(2))) {
                            return true;
                        }
                    }
                    return false;
                }
            }
        });
    }

    private @Nullable KafkaPositions positions(Replay replay, Map<UUID, String> names) {
        List<String> all = new ArrayList<>(names.values());
        Map<PartitionId, Long> earliest = kafka.begins(all);
        Map<PartitionId, Long> ends = kafka.ends(all);
        Map<PartitionId, Long> since = kafka.since(all, replay.startTime().minus(KafkaOrder.SKEW));
        Map<TopicPartition, KafkaPositions.Range> ranges = new HashMap<>();
        Set<UUID> missing = new HashSet<>(names.keySet());
        for (Map.Entry<PartitionId, Long> one : ends.entrySet()) {
            PartitionId partition = one.getKey();
            String name = names.get(partition.topicId());
            Long first = earliest.get(partition);
            if (name == null || first == null) {
                return null;
            }
            missing.remove(partition.topicId());
            long begin = since.getOrDefault(partition, -1L);
            boolean none = begin < 0;
            // An empty partition says nothing of what it has dropped.
            boolean dropped = first > 0 && (none ? first >= one.getValue() : begin <= first);
            if (dropped) {
                // What was before may have been of the range.
                return null;
            }
            ranges.put(
                    new TopicPartition(name, partition.partition()),
                    new KafkaPositions.Range(none ? one.getValue() : begin, one.getValue()));
        }
        return missing.isEmpty() ? new KafkaPositions(ranges) : null;
    }
}
