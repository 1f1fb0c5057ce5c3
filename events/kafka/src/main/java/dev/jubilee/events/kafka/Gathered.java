package dev.jubilee.events.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What was polled for one batch. Kafka bounds what is fetched by its compressed bytes and what is
 * polled by a number of records: a megabyte of the same is four kilobytes on the way. So few are
 * polled at a time, as long as something has come already, until there are enough of them or enough
 * of their bytes. The consumer's {@code max.poll.records} is to be {@link #A_POLL} at most. For one
 * thread.
 */
public final class Gathered {
    /** Records of a poll; one costs about 6 µs. */
    public static final int A_POLL = 32;

    /** Bytes, as they are, from which on nothing more is polled. */
    static final long ENOUGH = 4L << 20;

    private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records =
            new HashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    private int count;
    private long bytes;
    private @Nullable RuntimeException fault;

    private Gathered() {}

    /**
     * Polls.
     *
     * @param patience how long to wait for the first
     * @param most records of a batch
     * @throws RuntimeException as the consumer's first poll does
     */
    public static Gathered from(Consumer<byte[], byte[]> consumer, Duration patience, int most) {
        Gathered all = new Gathered();
        int got = all.add(consumer.poll(patience));
        while (got > 0 && all.count + A_POLL <= most && all.bytes < ENOUGH) {
            try {
                got = all.add(consumer.poll(Duration.ZERO));
            } catch (RuntimeException e) {
                // The consumer has passed what came before it: that is to be handled first.
                all.fault = e;
                got = 0;
            }
        }
        return all;
    }

    private int add(ConsumerRecords<byte[], byte[]> polled) {
        for (TopicPartition partition : polled.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> own = polled.records(partition);
            records.computeIfAbsent(partition, first -> new ArrayList<>()).addAll(own);
            own.forEach(one -> bytes += size(one));
        }
        next.putAll(polled.nextOffsets());
        count += polled.count();
        return polled.count();
    }

    private static long size(ConsumerRecord<byte[], byte[]> one) {
        return Math.max(0L, one.serializedKeySize()) + Math.max(0L, one.serializedValueSize());
    }

    int count() {
        return count;
    }

    /** All of them, those of each partition in order. */
    public List<ConsumerRecord<byte[], byte[]>> records() {
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>(count);
        records.values().forEach(all::addAll);
        return all;
    }

    /** Those of a partition, in order. */
    List<ConsumerRecord<byte[], byte[]>> of(TopicPartition partition) {
        return records.getOrDefault(partition, List.of());
    }

    /** Where the consumer stands in each partition in which it has moved. */
    Map<TopicPartition, OffsetAndMetadata> next() {
        return next;
    }

    /**
     * Goes on as the poll would have that ended the gathering, once what came before it is handled.
     */
    public void rethrow() {
        if (fault != null) {
            throw fault;
        }
    }
}
