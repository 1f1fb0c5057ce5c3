package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says aloud what Kafka does not have any more. For the loop's thread alone. */
final class Losses {
    private static final Logger LOG = LoggerFactory.getLogger(Losses.class);

    private final String group;
    private final LoopListener listener;

    /** Where each partition began when the loss of what was before was reported. */
    private final Map<TopicPartition, Long> reported = new HashMap<>();

    Losses(String group, LoopListener listener) {
        this.group = group;
        this.listener = listener;
    }

    /** The partition begins behind the group's position. */
    void deleted(TopicPartition partition, long stored, long begin) {
        Long before = reported.put(partition, begin);
        long from = before == null ? stored : Math.max(stored, before);
        if (from < begin) {
            LOG.error(
                    "{} lost {} records of {}: deleted before they were consumed",
                    group,
                    begin - from,
                    partition);
            listener.recordsLost(partition, begin - from);
        }
    }

    /** The partition ends before the group's position, and nobody knows where the two part. */
    void beyondEnd(TopicPartition partition, long stored, long end) {
        LOG.error(
                "{} stands at {} of {}, which ends at {}: Kafka has lost what it once had;"
                        + " not consuming from it",
                group,
                stored,
                partition,
                end);
        listener.beyondEnd(partition, stored, end);
    }

    /** The group has gone back to where the log was cut short. */
    void tail(OffsetAdvance.Step back) {
        TopicPartition partition = Placements.partition(back);
        long position = back.expected().offset();
        long end = back.next().offset();
        LOG.error(
                "{} had consumed {} up to {}, but Kafka has lost what it had from {} on, and may"
                        + " have written other records there since; going on from {}",
                group,
                partition,
                position,
                end,
                end);
        listener.tailLost(partition, position, end);
    }
}
