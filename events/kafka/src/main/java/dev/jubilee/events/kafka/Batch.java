package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.PartitionId;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What one poll brought: records in order within each partition, and the advance that goes with
 * them. The records may be none, when Kafka passed over something that is not for consumers; the
 * advance counts all the same.
 *
 * @param passedOver how many records of a partition the advance goes past that are not for
 *     consumers: what aborted transactions wrote, and the markers with which transactions end.
 *     Records that Kafka deleted before they were consumed are not among them
 */
public record Batch(
        List<ConsumerRecord<byte[], byte[]>> records,
        OffsetAdvance advance,
        Map<PartitionId, Long> passedOver) {
    /** With nothing that was not for consumers. */
    public Batch(List<ConsumerRecord<byte[], byte[]>> records, OffsetAdvance advance) {
        this(records, advance, Map.of());
    }
}
