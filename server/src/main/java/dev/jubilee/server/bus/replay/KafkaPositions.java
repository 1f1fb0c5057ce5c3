package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.database.UuidOrder;
import dev.jubilee.server.json.Json;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * How far a replay is in each partition, and where it ends there; read from the store, what of a
 * partition has left before its turn. Immutable.
 */
record KafkaPositions(Map<TopicPartition, Range> ranges) {
    /**
     * From the next offset until before the end.
     *
     * @param until of events from the store, none behind this id is done with; null when Kafka was
     *     read, and every one before the next is
     */
    record Range(long next, long end, @Nullable UUID until) {
        Range(long next, long end) {
            this(next, end, null);
        }

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
                            range(one.getValue()));
                }
            }
        }
        return new KafkaPositions(ranges);
    }

    private static Range range(JsonNode json) {
        return new Range(
                json.get(0).longValue(),
                json.get(1).longValue(),
                json.has(2) ? UUID.fromString(json.get(2).stringValue()) : null);
    }

    /** As JSON: by topic and partition, the next offset, the end, and the last id if there is. */
    String text() {
        ObjectNode topics = JsonNodeFactory.instance.objectNode();
        ranges.forEach((partition, range) -> {
            ObjectNode topic =
                    topics.has(partition.topic())
                            ? (ObjectNode) topics.get(partition.topic())
                            : topics.putObject(partition.topic());
            ArrayNode values =
                    topic.putArray(Integer.toString(partition.partition()))
                            .add(range.next())
                            .add(range.end());
            if (range.until() != null) {
                values.add(range.until().toString());
            }
        });
        return topics.toString();
    }

    /** Whether the event is done with. */
    boolean hasPassed(StoredEvent event) {
        Range range = ranges.get(new TopicPartition(event.topic(), event.partition()));
        return range != null
                && event.offset() < range.next()
                && (range.until() == null || UuidOrder.compare(event.id(), range.until()) <= 0);
    }
}
