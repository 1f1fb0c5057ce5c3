package dev.jubilee.server.bus.replay;

import dev.jubilee.events.PartitionId;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.kafka.TopicOffsets;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

    KafkaRange(Admin admin, TopicCatalogue topics) {
        this.kafka = new TopicOffsets(admin);
        this.topics = topics;
    }

    /** Where the replay begins and ends in Kafka; null when Kafka may not hold all of it. */
    @Nullable KafkaPositions of(Replay replay) {
        Map<UUID, String> names = new HashMap<>();
        TopicPattern pattern = TopicPattern.of(replay.topic());
        for (Topic topic : topics.all()) {
            if (pattern.matches(topic.name()) && !replay.excludedTopics().contains(topic.name())) {
                names.put(topic.kafkaTopicId(), topic.name());
            }
        }
        // What was held under names that are no topics any more, only the store knows.
        if (names.isEmpty()) {
            return null;
        }
        try {
            return positions(replay, names);
        } catch (RetryableException e) {
            log.info("replay {} reads the event store: {}", replay.replayId(), e.getMessage());
            return null;
        }
    }

    private @Nullable KafkaPositions positions(Replay replay, Map<UUID, String> names) {
        List<String> all = new ArrayList<>(names.values());
        Map<PartitionId, Long> earliest = kafka.begins(all);
        Map<PartitionId, Long> ends = kafka.ends(all);
        Map<PartitionId, Long> since = kafka.since(all, replay.startTime().minus(KafkaOrder.SKEW));
        Map<TopicPartition, KafkaPositions.Range> ranges = new HashMap<>();
        for (Map.Entry<PartitionId, Long> one : ends.entrySet()) {
            PartitionId partition = one.getKey();
            String name = names.get(partition.topicId());
            Long first = earliest.get(partition);
            if (name == null || first == null) {
                return null;
            }
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
        return new KafkaPositions(ranges);
    }
}
