package dev.jubilee.server.bus.publish;

import dev.jubilee.server.bus.publish.PublishException.Reason;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * Records that one caller waits for. Each has an outcome of its own; {@link #done()} completes when
 * the last of them is known, or when the caller can wait no more, and never exceptionally. Nothing
 * changes after that. Thread-safe.
 */
final class InFlightPublish {
    private final @Nullable ProducerRecord<byte[], byte[]>[] records;
    private final int[] partitions;
    private final long[] offsets;
    private final @Nullable PublishException[] failures;
    private final CompletableFuture<InFlightPublish> done = new CompletableFuture<>();
    private final long bytes;
    private final long earliest;
    private final long deadline;
    private final boolean urgent;
    private final boolean[] settled;
    private int open;
    private boolean over;
    private @Nullable Runnable whenReached;

    /**
     * @param earliest when the first of them was accepted, in milliseconds since the epoch
     * @param deadline by {@link System#nanoTime()}: what has not been handed over by then is not,
     *     and of what has been, nobody waits any longer to hear
     * @param urgent whether all of it is of high priority: it goes ahead of what waits
     */
    @SuppressWarnings("unchecked") // there are no arrays of a generic type
    InFlightPublish(
            List<ProducerRecord<byte[], byte[]>> records,
            long earliest,
            long deadline,
            boolean urgent) {
        this.records = records.toArray(ProducerRecord[]::new);
        this.earliest = earliest;
        this.urgent = urgent;
        this.partitions = new int[records.size()];
        this.offsets = new long[records.size()];
        this.failures = new @Nullable PublishException[records.size()];
        this.settled = new boolean[records.size()];
        this.open = records.size();
        this.deadline = deadline;
        long sum = 0;
        for (ProducerRecord<byte[], byte[]> record : records) {
            sum += record.value().length;
        }
        this.bytes = sum;
        if (records.isEmpty()) {
            done.complete(this);
        }
    }

    /** Nothing to send: tells when the lane has come so far. */
    static InFlightPublish mark(boolean urgent, Runnable whenReached) {
        InFlightPublish mark =
                new InFlightPublish(List.of(), Long.MAX_VALUE, Long.MAX_VALUE, urgent);
        mark.whenReached = whenReached;
        return mark;
    }

    /** The lane has come so far: everything before it is with the producer. */
    void reached() {
        if (whenReached != null) {
            whenReached.run();
        }
    }

    /** How many records there are. */
    int size() {
        return records.length;
    }

    /**
     * A record, once: the producer copies it, and while its acknowledgement is awaited nobody else
     * keeps its bytes. Null when it must not be sent any more, as its caller was told so.
     */
    synchronized @Nullable ProducerRecord<byte[], byte[]> take(int index) {
        if (over) {
            return null;
        }
        ProducerRecord<byte[], byte[]> record = Objects.requireNonNull(records[index], "taken");
        records[index] = null;
        return record;
    }

    /** Size of the values. */
    long bytes() {
        return bytes;
    }

    /** When the first of the records was accepted, in milliseconds since the epoch. */
    long earliest() {
        return earliest;
    }

    boolean isUrgent() {
        return urgent;
    }

    boolean isLate() {
        return System.nanoTime() - deadline > 0;
    }

    CompletableFuture<InFlightPublish> done() {
        return done;
    }

    /** Why the record was not published; null when it was. Only once done. */
    @Nullable PublishException failure(int index) {
        return failures[index];
    }

    int partition(int index) {
        return partitions[index];
    }

    long offset(int index) {
        return offsets[index];
    }

    /** What the producer is to call for the record. */
    Callback acknowledgement(int index, Thread lane) {
        return (metadata, failure) -> {
            if (failure == null) {
                acknowledged(index, metadata.partition(), metadata.offset());
            } else {
                // The producer reports on the calling thread what it never took.
                boolean sent = !Thread.currentThread().equals(lane);
                fail(index, failure, sent);
            }
        };
    }

    private void acknowledged(int index, int partition, long offset) {
        boolean last;
        synchronized (this) {
            if (!over) {
                partitions[index] = partition;
                offsets[index] = offset;
            }
            last = settle(index, null);
        }
        completeIf(last);
    }

    /** Settles one record as failed. */
    void fail(int index, Throwable cause, boolean sent) {
        fail(index, failure(cause, sent));
    }

    /** Settles one record as never sent, because Kafka lacks its topic. */
    void lacksTopic(int index, String topic) {
        fail(
                index,
                new PublishException(
                        Reason.TOPIC_MISSING, "Kafka does not have the topic \"" + topic + "\""));
    }

    /** Settles all from the index on as never sent. */
    void abandon(int from, String why) {
        for (int i = from; i < failures.length; i++) {
            fail(i, new PublishException(Reason.NOT_SENT, why));
        }
    }

    /**
     * Ends the publish: its caller waits no more. Records that were handed over may still arrive,
     * the others never will.
     */
    void expire() {
        boolean last = false;
        synchronized (this) {
            for (int i = 0; i < failures.length; i++) {
                if (!settled[i]) {
                    boolean handedOver = records[i] == null;
                    last =
                            settle(
                                    i,
                                    new PublishException(
                                            handedOver ? Reason.OUTCOME_UNKNOWN : Reason.NOT_SENT,
                                            "Kafka has not acknowledged it in time"));
                }
            }
        }
        completeIf(last);
    }

    private void fail(int index, PublishException failure) {
        boolean last;
        synchronized (this) {
            last = settle(index, failure);
        }
        completeIf(last);
    }

    /** Returns whether it was the last without an outcome. */
    private boolean settle(int index, @Nullable PublishException failure) {
        if (settled[index]) {
            return false;
        }
        settled[index] = true;
        failures[index] = failure;
        open--;
        over = open == 0;
        return over;
    }

    /** Outside of the lock: whoever waits does something of their own then. */
    private void completeIf(boolean last) {
        if (last) {
            done.complete(this);
        }
    }

    private static PublishException failure(Throwable cause, boolean sent) {
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        if (cause instanceof RecordTooLargeException) {
            return new PublishException(Reason.TOO_LARGE, message, cause);
        }
        return new PublishException(
                sent ? Reason.OUTCOME_UNKNOWN : Reason.NOT_SENT, message, cause);
    }
}
