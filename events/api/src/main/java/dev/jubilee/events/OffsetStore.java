package dev.jubilee.events;

import java.util.HashMap;
import java.util.Map;

/**
 * Where consumer groups stand. A position is the offset of the next event to consume; it is moved
 * by {@link OffsetAdvance}, in the transaction of what consuming the events brought about.
 */
public interface OffsetStore {
    /**
     * Every position of the group; a partition that it never consumed from is absent.
     *
     * @throws RuntimeException if the store cannot be read
     */
    Map<PartitionId, Long> positions(String group);

    /**
     * A position, and the leader epoch of the log in which it was reached: by that it is noticed
     * that the log was cut short and written on since. A store that keeps no epochs gives {@link
     * #NO_EPOCH}.
     *
     * @param offset of the next event to consume
     */
    record Position(long offset, int leaderEpoch) {
        /** The epoch is not known. */
        public static final int NO_EPOCH = -1;

        /** Whether the epoch is known. */
        public boolean hasEpoch() {
            return leaderEpoch != NO_EPOCH;
        }
    }

    /**
     * The positions with their epochs, as far as the store keeps them.
     *
     * @throws RuntimeException if the store cannot be read
     */
    default Map<PartitionId, Position> positionsWithEpochs(String group) {
        Map<PartitionId, Position> positions = new HashMap<>();
        positions(group)
                .forEach((partition, offset) ->
                        positions.put(partition, new Position(offset, Position.NO_EPOCH)));
        return positions;
    }

    /**
     * Whether the group, on whichever instance, has consumed everything before these offsets. An
     * end of 0 is always passed.
     */
    default boolean hasPassed(String group, Map<PartitionId, Long> ends) {
        Map<PartitionId, Long> positions = positions(group);
        return ends.entrySet().stream()
                .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }
}
