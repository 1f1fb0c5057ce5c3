package dev.jubilee.events;

import java.util.UUID;

/**
 * One partition of one topic. By the topic's id, not its name: a topic that was deleted and made
 * again under its name is another one, and offsets in the old one mean nothing in it.
 */
public record PartitionId(UUID topicId, int partition) implements Comparable<PartitionId> {
    /** The order in which rows of partitions are locked. */
    @Override
    public int compareTo(PartitionId other) {
        int byTopic = topicId.compareTo(other.topicId);
        return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
    }
}
