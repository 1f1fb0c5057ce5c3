package dev.jubilee.events;

import dev.jubilee.events.OffsetStore.Position;
import java.util.List;

/**
 * How far a group moves on with a batch. To be applied as a compare-and-set in the transaction of
 * the batch's effect: only if every position, offset and epoch, is what is expected. If one is not,
 * another consumer has been there (a zombie was, or is), and the transaction must be rolled back.
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
     * @param expected the position before; its offset is {@link #NONE} if there was none
     * @param next the position after. It is the lower one if the log was cut short: then the batch
     *     holds nothing, and the events from there on are others than those that were consumed
     */
    public record Step(PartitionId partition, String topic, Position expected, Position next) {
        /** With epochs that are not known. */
        public Step(PartitionId partition, String topic, long expected, long next) {
            this(
                    partition,
                    topic,
                    new Position(expected, Position.NO_EPOCH),
                    new Position(next, Position.NO_EPOCH));
        }

        /** Whether the group goes back, because the log was cut short before its position. */
        public boolean isBack() {
            return next.offset() < expected.offset();
        }
    }
}
