package dev.jubilee.events;

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
     * Whether the group, on whichever instance, has consumed everything before these offsets. An
     * end of 0 is always passed.
     */
    default boolean hasPassed(String group, Map<PartitionId, Long> ends) {
        Map<PartitionId, Long> positions = positions(group);
        return ends.entrySet().stream()
                .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }
}
