package dev.jubilee.events;

import java.util.List;

/**
 * How far a group moves on with a batch. To be applied as a compare-and-set in the transaction of
 * the batch's effect: only if every position is what is expected. If one is not, another consumer
 * has been there (a zombie was, or is), and the transaction must be rolled back.
 *
 * @param steps one for each partition
 */
public record OffsetAdvance(String group, List<Step> steps) {
    /** Expected where the group has no position yet. */
    public static final long NONE = -1;

    public OffsetAdvance {
        steps = List.copyOf(steps);
    }

    /**
     * @param topic the topic's name, for people
     * @param expected the position before, or {@link #NONE}
     * @param next the position after
     */
    public record Step(PartitionId partition, String topic, long expected, long next) {}
}
