package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetAdvance;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What one poll brought: records in order within each partition, and the advance that goes with
 * them. The records may be none, when Kafka passed over something that is not for consumers; the
 * advance counts all the same.
 */
public record Batch(List<ConsumerRecord<byte[], byte[]>> records, OffsetAdvance advance) {}
