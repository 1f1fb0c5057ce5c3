package dev.jubilee.server.bus.topics;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Where the catalogue and Kafka differ: somebody changed Kafka by hand, or a crash fell between the
 * two. Asked of Kafka at each call. Blocks. Thread-safe.
 */
final class TopicDrift {
    /** One difference: what the catalogue says and what Kafka has. */
    record Difference(String field, String catalogue, String kafka) {}

    /**
     * All of them.
     *
     * @param topics the topics that differ, by name
     * @param unknown topics of Kafka that the catalogue does not have
     */
    record Report(Map<String, List<Difference>> topics, Set<String> unknown) {}

    private final KafkaTopics kafka;
    private final TopicCatalogue catalogue;

    TopicDrift(KafkaTopics kafka, TopicCatalogue catalogue) {
        this.kafka = kafka;
        this.catalogue = catalogue;
    }

    /** How one topic differs; empty when it does not. */
    List<Difference> of(Topic topic) {
        return compare(topic, kafka.actual(List.of(topic.name())).get(topic.name()));
    }

    /** How all differ. */
    Report report() {
        Collection<Topic> topics = catalogue.all();
        Map<String, KafkaTopics.Actual> actual =
                kafka.actual(topics.stream().map(Topic::name).toList());
        Map<String, List<Difference>> differing = new TreeMap<>();
        Set<String> unknown = new TreeSet<>(kafka.names());
        for (Topic topic : topics) {
            unknown.remove(topic.name());
            List<Difference> found = compare(topic, actual.get(topic.name()));
            if (!found.isEmpty()) {
                differing.put(topic.name(), found);
            }
        }
        return new Report(differing, unknown);
    }

    private static List<Difference> compare(Topic topic, KafkaTopics.@Nullable Actual actual) {
        if (actual == null) {
            return List.of(new Difference("topic", "exists", "is missing"));
        }
        List<Difference> found = new ArrayList<>();
        note(found, "kafka_topic_id", topic.kafkaTopicId(), actual.id());
        note(found, "partitions", topic.partitions(), actual.partitions());
        note(found, "replication_factor", topic.replicationFactor(), actual.replicationFactor());
        note(
                found,
                "retention_ms",
                KafkaTopics.retentionMillis(topic.retentionHours()),
                actual.retentionMillis());
        note(found, "message_timestamp_type", KafkaTopics.TIMESTAMPS, actual.timestamps());
        return found;
    }

    private static void note(List<Difference> found, String field, Object ours, Object kafkas) {
        if (!ours.equals(kafkas)) {
            found.add(new Difference(field, ours.toString(), kafkas.toString()));
        }
    }
}
