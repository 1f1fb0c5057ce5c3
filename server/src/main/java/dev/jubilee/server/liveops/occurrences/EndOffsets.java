package dev.jubilee.server.liveops.occurrences;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Where the bus ends, so that what was accepted before a moment can be told from what came after.
 */
@FunctionalInterface
public interface EndOffsets {
    /**
     * The end of one partition.
     *
     * @param topicId Kafka's: a topic that is deleted and made again is another one
     * @param offset the next one that will be written
     */
    record PartitionEnd(String topic, UUID topicId, int partition, long offset) {}

    /**
     * The ends of all partitions that progress reads, before which everything lies that any
     * instance accepted before the moment; empty when some of it is still on its way. Does not wait
     * for it. Throws when the bus does not answer.
     */
    Optional<List<PartitionEnd>> capture(Instant end);
}
