package dev.jubilee.server.bus.replay;

import dev.jubilee.server.json.Json;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** How far a replay is in each partition, and where it ends there. Immutable. */
record KafkaPositions(Map<TopicPartition, Range> ranges) {
    /** From the next offset until before the end. */
    record Range(long next, long end) {
        boolean isDone() {
            return next >= end;
        }
    }

    KafkaPositions {
        ranges = Map.copyOf(ranges);
    }

    /** As it was written by {@link #text}; null is none. */
    static KafkaPositions of(@Nullable String json) {
        Map<TopicPartition, Range> ranges = new HashMap<>();
        if (json != null) {
            for (Map.Entry<String, JsonNode> topic : Json.tree(json).properties()) {
                for (Map.Entry<String, JsonNode> one : topic.getValue().properties()) {
                    ranges.put(
                            new TopicPartition(topic.getKey(), Integer.parseInt(one.getKey())),
                            new Range(
                                    one.getValue().get(0).longValue(),
                                    one.getValue().get(1).longValue()));
                }
            }
        }
        return new KafkaPositions(ranges);
    }

    /** As JSON: by topic and partition, the next offset and the end. */
    String text() {
        ObjectNode topics = JsonNodeFactory.instance.objectNode();
        ranges.forEach((partition, range) -> {
            ObjectNode topic =
                    topics.has(partition.topic())
                            ? (ObjectNode) topics.get(partition.topic())
                            : topics.putObject(partition.topic());
            topic.putArray(Integer.toString(partition.partition()))
                    .add(range.next())
                    .add(range.end());
        });
        return topics.toString();
    }

    /** Whether the record is done with. */
    boolean hasPassed(String topic, int partition, long offset) {
        Range range = ranges.get(new TopicPartition(topic, partition));
        return range != null && offset < range.next();
    }
}
