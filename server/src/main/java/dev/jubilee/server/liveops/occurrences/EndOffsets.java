package dev.jubilee.server.liveops.occurrences;

import java.util.List;

/**
 * Where the bus ends, so that what was accepted before a moment can be told from what came after.
 */
@FunctionalInterface
public interface EndOffsets {
    /**
     * The end of one partition.
     *
     * @param offset the next one that will be written
     */
    record PartitionEnd(String topic, int partition, long offset) {}

    /**
     * The ends of all partitions that progress reads, as of a moment after the call began. May
     * block; throws when the bus does not answer.
     */
    List<PartitionEnd> capture();
}
