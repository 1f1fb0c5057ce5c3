package dev.jubilee.events.kafka;

import java.time.Duration;
import java.util.Collection;
import org.apache.kafka.common.TopicPartition;

/**
 * Watches a loop, for metrics and alarms. Called on the loop's thread: be short, and do not throw,
 * which makes the loop begin anew with another client.
 */
public interface LoopListener {
    /** Watches nothing. */
    LoopListener NONE = new LoopListener() {};

    /** So many records were consumed and the group moved on. */
    default void handled(int records, Duration took) {}

    /** Another consumer had moved the group on; this one goes on from where the store says. */
    default void fenced(Collection<TopicPartition> partitions) {}

    /** The handler or the store failed so many times in a row; it is tried again. */
    default void failing(Throwable cause, int times) {}

    /** Alarm: these records were deleted from Kafka before the group consumed them. */
    default void recordsLost(TopicPartition partition, long count) {}

    /**
     * Alarm: Kafka has lost what the group had consumed from {@code end} up to its position, as it
     * may when its machine loses power. What was written there since are other records; the group
     * goes on with them. Groups that had not come so far have lost what they had not consumed.
     */
    default void tailLost(TopicPartition partition, long position, long end) {}

    /**
     * Alarm, repeated: Kafka ends before the group's position, so it has lost what it once had, and
     * it cannot tell from where on. The partition is not consumed from until somebody decides.
     */
    default void beyondEnd(TopicPartition partition, long position, long end) {}

    /** The Kafka client itself failed, and is replaced by a new one. */
    default void broken(Exception cause) {}
}
