package dev.jubilee.events.kafka;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Complaints;
import dev.jubilee.events.core.Dispatcher;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one subscription from Kafka, in a thread of its own. Commits what is handled without a gap;
 * while the workers are full, or one partition's oldest event has been waiting for too many others,
 * it fetches no more but stays in the group. Whatever fails, it goes on after a pause, with what it
 * had fetched.
 */
final class KafkaReceiver implements Runnable, ConsumerRebalanceListener {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaReceiver.class);
    private static final Duration IDLE_POLL = Duration.ofMillis(250);
    private static final Duration BUSY_POLL = Duration.ofMillis(5);
    private static final long COMMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int LONGEST_SPAN = 10_000;

    /** Short enough that the group does not miss it. */
    private static final Backoff PAUSE =
            Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final String name;
    private final TopicPattern pattern;
    private final EventCodec codec;
    private final Dispatcher dispatcher;
    private final Consumer<byte[], byte[]> consumer;
    private final boolean durable;
    private final Map<TopicPartition, HandledOffsets> offsets = new HashMap<>();
    private final Deque<ConsumerRecord<byte[], byte[]>> unread = new ArrayDeque<>();
    private final Deque<KafkaDelivery> fetched = new ArrayDeque<>();
    private final Thread thread;
    private final Complaints complaints;
    private final CountDownLatch ended = new CountDownLatch(1);
    private long committedAt = System.nanoTime();
    private int failures;

    /** Takes over the consumer, which must know its topics or partitions already. */
    KafkaReceiver(
            String name,
            TopicPattern pattern,
            EventCodec codec,
            Dispatcher dispatcher,
            Consumer<byte[], byte[]> consumer,
            Collection<String> durableTopics) {
        this.name = name;
        this.pattern = pattern;
        this.codec = codec;
        this.dispatcher = dispatcher;
        this.consumer = consumer;
        this.complaints = new Complaints(LOG, name + " cannot go on at present");
        this.durable = !durableTopics.isEmpty();
        if (durable) {
            consumer.subscribe(durableTopics, this);
        }
        this.thread = Thread.ofPlatform().name("kafka-" + name).unstarted(this);
    }

    /** Whether it feeds the subscription of this name. */
    boolean is(String subscription) {
        return name.equals(subscription);
    }

    void start() {
        thread.start();
    }

    /** Fetches no more, has the workers finish as it is told, commits and leaves. */
    void end(boolean drain) {
        ended.countDown();
        consumer.wakeup();
        boolean interrupted = false;
        if (drain) {
            dispatcher.close();
        } else {
            dispatcher.stop();
        }
        // A handler that ends its own subscription cannot wait for what it holds up itself.
        while (thread.isAlive() && !dispatcher.owns(Thread.currentThread())) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        try (consumer) {
            while (!hasEnded()) {
                try {
                    step();
                    failures = 0;
                } catch (WakeupException e) {
                    LOG.trace("{} ends", name);
                } catch (Throwable e) { // whatever it is, it must not end the subscription
                    complaints.about(e);
                    failures++;
                    pause();
                }
            }
            awaitWorkers();
            commitFinally();
        }
    }

    private boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /** After a failure, or until it ends. */
    private void pause() {
        Duration pause = PAUSE.after(failures, ThreadLocalRandom.current());
        try {
            boolean unused = ended.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            LOG.trace("{} was interrupted by nobody of ours", name);
        }
    }

    private void step() {
        readAll();
        boolean full = !handOver();
        throttle(full);
        consumer.poll(full ? BUSY_POLL : IDLE_POLL).forEach(unread::add);
        readAll();
        handOver();
        commitDue();
    }

    /** Kafka gives each record once: what is not read now for a failure is read after the pause. */
    private void readAll() {
        while (!unread.isEmpty()) {
            received(unread.element());
            unread.remove();
        }
    }

    private void received(ConsumerRecord<byte[], byte[]> record) {
        Envelope envelope = KafkaEnvelopes.read(record);
        String redriveFor = envelope.extensions().get(KafkaEventBus.REDRIVE_FOR);
        boolean wanted =
                redriveFor == null ? pattern.matches(envelope.type()) : redriveFor.equals(name);
        HandledOffsets.Offset offset =
                durable
                        ? offsets.computeIfAbsent(
                                        new TopicPartition(record.topic(), record.partition()),
                                        partition -> new HandledOffsets())
                                .begin(record.offset())
                        : null;
        if (wanted) {
            fetched.add(new KafkaDelivery(withoutRedrive(envelope), codec, offset));
        } else if (offset != null) {
            offset.done();
        }
    }

    private static Envelope withoutRedrive(Envelope envelope) {
        if (!envelope.extensions().containsKey(KafkaEventBus.REDRIVE_FOR)) {
            return envelope;
        }
        Map<String, String> rest = new HashMap<>(envelope.extensions());
        rest.remove(KafkaEventBus.REDRIVE_FOR);
        return envelope.toBuilder().extensions(rest).build();
    }

    /** Gives what was fetched to the workers, as far as they have room; whether that was all. */
    private boolean handOver() {
        while (!fetched.isEmpty() && dispatcher.offer(fetched.peek())) {
            fetched.remove();
        }
        return fetched.isEmpty();
    }

    private void throttle(boolean full) {
        Set<TopicPartition> wait = new HashSet<>();
        for (TopicPartition partition : consumer.assignment()) {
            HandledOffsets handled = offsets.get(partition);
            if (full || (handled != null && handled.span() > LONGEST_SPAN)) {
                wait.add(partition);
            }
        }
        Set<TopicPartition> paused = consumer.paused();
        List<TopicPartition> go = new ArrayList<>(paused);
        go.removeAll(wait);
        consumer.resume(go);
        wait.removeAll(paused);
        consumer.pause(wait);
    }

    private void commitDue() {
        if (durable && System.nanoTime() - committedAt > COMMIT_NANOS) {
            committedAt = System.nanoTime();
            Map<TopicPartition, OffsetAndMetadata> due = due(offsets.keySet());
            if (!due.isEmpty()) {
                consumer.commitAsync(
                        due,
                        (committed, error) -> {
                            if (error != null) {
                                retryLater(due, error);
                            }
                        });
            }
        }
    }

    private void retryLater(Map<TopicPartition, OffsetAndMetadata> due, Exception error) {
        LOG.debug("{} could not commit: {}", name, error.toString());
        due.keySet()
                .forEach(partition -> {
                    HandledOffsets handled = offsets.get(partition);
                    if (handled != null) {
                        handled.notCommitted();
                    }
                });
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

    private void awaitWorkers() {
        // Closing twice is harmless, and the second time waits as well.
        dispatcher.close();
    }

    private void commitFinally() {
        commitNow(offsets.keySet());
    }

    private void commitNow(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> due = due(partitions);
        if (durable && !due.isEmpty()) {
            try {
                consumer.commitSync(due, Duration.ofSeconds(5));
            } catch (WakeupException e) {
                commitAgain(due);
            } catch (KafkaException e) {
                LOG.warn("{} could not commit; events will come again: {}", name, e.toString());
            }
        }
    }

    /** The wake-up that ends the loop may come as late as this. */
    private void commitAgain(Map<TopicPartition, OffsetAndMetadata> due) {
        try {
            consumer.commitSync(due, Duration.ofSeconds(5));
        } catch (KafkaException e) {
            LOG.warn("{} could not commit; events will come again: {}", name, e.toString());
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commitNow(partitions);
        forget(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        forget(partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

    private void forget(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            HandledOffsets handled = offsets.remove(partition);
            if (handled != null) {
                handled.revoke();
            }
        }
        fetched.removeIf(delivery -> !delivery.isOurs());
    }
}
