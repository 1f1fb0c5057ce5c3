package dev.jubilee.server.liveops.occurrences;

import dev.jubilee.events.PartitionId;
import dev.jubilee.server.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * Where the bus ends, so that what was accepted before a moment can be told from what came after.
 */
@FunctionalInterface
public interface EndOffsets {
    /**
     * The ends of all partitions that progress reads, as of a moment after the call began. May
     * block.
     *
     * @throws RuntimeException when the bus does not answer
     */
    Map<PartitionId, Long> capture();

    /** Offsets as they are kept with an occurrence. */
    static String write(Map<PartitionId, Long> ends) {
        List<Map<String, Object>> written = new ArrayList<>();
        ends.forEach((partition, offset) ->
                written.add(
                        Map.of(
                                "topic_id",
                                partition.topicId().toString(),
                                "partition",
                                partition.partition(),
                                "offset",
                                offset)));
        return Json.text(written);
    }

    /** Offsets that were kept with an occurrence. */
    static Map<PartitionId, Long> read(String kept) {
        Map<PartitionId, Long> ends = new HashMap<>();
        for (JsonNode end : Json.tree(kept)) {
            ends.put(
                    new PartitionId(
                            UUID.fromString(end.get("topic_id").stringValue()),
                            end.get("partition").intValue()),
                    end.get("offset").longValue());
        }
        return ends;
    }
}
