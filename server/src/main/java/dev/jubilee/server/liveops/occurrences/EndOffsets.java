package dev.jubilee.server.liveops.occurrences;

import dev.jubilee.events.PartitionId;
import dev.jubilee.server.json.Json;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/**
 * What progress must pass before the ranking of an occurrence freezes, as {@code
 * liveops.occurrences.end_offsets} keeps it: {@code [{"topic_id": …, "partition": 0, "offset":
 * 17}, …]}.
 */
public final class EndOffsets {
    private EndOffsets() {}

    /** As JSON text. */
    public static String json(Map<PartitionId, Long> ends) {
        ArrayNode entries = Json.mapper().createArrayNode();
        ends.forEach((partition, offset) -> entries.addObject()
                .put("topic_id", partition.topicId().toString())
                .put("partition", partition.partition())
                .put("offset", offset));
        return entries.toString();
    }

    /** The opposite. */
    public static Map<PartitionId, Long> read(String json) {
        Map<PartitionId, Long> ends = new HashMap<>();
        for (JsonNode entry : Json.tree(json)) {
            UUID topic = UUID.fromString(entry.get("topic_id").asString());
            int partition = entry.get("partition").asInt();
            ends.put(new PartitionId(topic, partition), entry.get("offset").asLong());
        }
        return ends;
    }
}
