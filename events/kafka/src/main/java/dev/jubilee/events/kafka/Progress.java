package dev.jubilee.events.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far a durable subscription is, by partition, and what of that Kafka knows. For the receiver's
 * thread alone.
 */
final class Progress {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaReceiver.class);
    private static final long COMMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final String name;
    private final Consumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, HandledOffsets> offsets = new HashMap<>();
    private long committedAt = System.nanoTime();

    Progress(String name, Consumer<byte[], byte[]> consumer) {
        this.name = name;
        this.consumer = consumer;
    }

    /** The next record of its partition. */
    HandledOffsets.Offset begin(KafkaDelivery.At at) {
        return of(at.partition()).begin(at.offset());
    }

    /** A record that was begun, and is not done yet. */
    HandledOffsets.Offset again(KafkaDelivery.At at) {
        return of(at.partition()).again(at.offset());
    }

    private HandledOffsets of(TopicPartition partition) {
        return offsets.computeIfAbsent(partition, none -> new HandledOffsets());
    }

    /** How many offsets lie between the oldest record that is not done and the newest. */
    long span(TopicPartition partition) {
        HandledOffsets handled = offsets.get(partition);
        return handled == null ? 0 : handled.span();
    }

    /** Commits without waiting, when it is time. */
    void commitDue() {
        if (System.nanoTime() - committedAt <= COMMIT_NANOS) {
            return;
        }
        committedAt = System.nanoTime();
        Map<TopicPartition, OffsetAndMetadata> due = due(offsets.keySet());
        if (!due.isEmpty()) {
            consumer.commitAsync(
                    due,
                    (committed, error) -> {
                        if (error != null) {
                            retryLater(due.keySet(), error);
                        }
                    });
        }
    }

    private void retryLater(Set<TopicPartition> partitions, Exception error) {
        LOG.debug("{} could not commit: {}", name, error.toString());
        for (TopicPartition partition : partitions) {
            HandledOffsets handled = offsets.get(partition);
            if (handled != null) {
                handled.notCommitted();
            }
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> due(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> due = new HashMap<>();
        for (TopicPartition partition : partitions) {
            HandledOffsets handled = offsets.get(partition);
            Long next = handled == null ? null : handled.toCommit();
            if (next != null) {
                due.put(partition, new OffsetAndMetadata(next));
            }
        }
        return due;
    }

    /** Commits all of it, and returns when Kafka knows it or it took too long. */
    void commitFinally() {
        commitNow(offsets.keySet());
    }

    void commitNow(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> due = due(partitions);
        if (due.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(due, PATIENCE);
        } catch (WakeupException e) {
            commitAgain(due);
        } catch (KafkaException e) {
            LOG.warn("{} could not commit; events will come again: {}", name, e.toString());
        }
    }

    /** The wake-up that ends the loop may come as late as this. */
    private void commitAgain(Map<TopicPartition, OffsetAndMetadata> due) {
        try {
            consumer.commitSync(due, PATIENCE);
        } catch (KafkaException e) {
            LOG.warn("{} could not commit; events will come again: {}", name, e.toString());
        }
    }

    /** Another member has these partitions now. */
    void forget(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            HandledOffsets handled = offsets.remove(partition);
            if (handled != null) {
                handled.revoke();
            }
        }
    }
}
