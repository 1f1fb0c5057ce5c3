package dev.jubilee.events.kafka;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Answer;
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
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one subscription from Kafka, in a thread of its own. Commits what is handled without a gap;
 * while the workers are full, or one partition's oldest event has been waiting for too many others,
 * it fetches no more but stays in the group. Of a key that waits for a retry it keeps so much in
 * memory, and reads the rest again when the key is free. Whatever fails, it goes on after a pause,
 * with what it had fetched.
 */
final class KafkaReceiver implements Runnable, ConsumerRebalanceListener, KafkaBacklog.Taker {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaReceiver.class);
    private static final Duration IDLE_POLL = Duration.ofMillis(250);
    private static final Duration BUSY_POLL = Duration.ofMillis(5);

    /** How often it looks whether partitions were added; the client knows by itself. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private static final Duration LOOKING = Duration.ofMillis(500);

    /** A bit for each. */
    private static final int LONGEST_SPAN = 10_000_000;

    /** Short enough that the group does not miss it. */
    private static final Backoff PAUSE =
            Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final String name;
    private final TopicPattern pattern;
    private final EventCodec codec;
    private final Dispatcher dispatcher;
    private final Consumer<byte[], byte[]> consumer;
    private final Collection<String> topics;
    private final boolean durable;
    private final Progress progress;
    private final KafkaBacklog backlog;
    private final Deque<ConsumerRecord<byte[], byte[]>> unread = new ArrayDeque<>();
    private final Deque<KafkaDelivery> fetched = new ArrayDeque<>();
    private final Thread thread;
    private final Complaints complaints;
    private final Complaints ofGone;
    private final CountDownLatch ended = new CountDownLatch(1);
    private int failures;
    private long lookAt = System.nanoTime() + LOOK.toNanos();

    /**
     * Where it reads.
     *
     * @param consumer knows its topics or partitions already; is closed in the end
     * @param again makes one that reads what was read before
     * @param durable whether the group gives it its partitions, or it has all of them
     */
    record Source(
            Consumer<byte[], byte[]> consumer,
            Supplier<Consumer<byte[], byte[]>> again,
            Collection<String> topics,
            boolean durable) {}

    KafkaReceiver(
            String name,
            TopicPattern pattern,
            EventCodec codec,
            Dispatcher dispatcher,
            Source source) {
        this.name = name;
        this.pattern = pattern;
        this.codec = codec;
        this.dispatcher = dispatcher;
        this.consumer = source.consumer;
        this.progress = new Progress(name, consumer);
        this.backlog = new KafkaBacklog(source.again);
        this.complaints = new Complaints(LOG, name + " cannot go on at present");
        this.ofGone =
                new Complaints(LOG, name + " lost an event of a key that waited: it was deleted");
        this.topics = source.topics;
        this.durable = source.durable;
        if (durable) {
            consumer.subscribe(topics, this);
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
        // A handler cannot wait for what it may hold up itself.
        while (thread.isAlive() && dispatcher.isAwaitable(drain)) {
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
        try (consumer;
                backlog) {
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
            leave();
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
        if (!durable && System.nanoTime() - lookAt > 0) {
            lookAt = System.nanoTime() + LOOK.toNanos();
            takeAdded();
        }
        Duration patience = full || !backlog.isEmpty() ? BUSY_POLL : IDLE_POLL;
        consumer.poll(patience).forEach(unread::add);
        readAll();
        handOver();
        if (durable) {
            progress.commitDue();
        }
    }

    /** Partitions that were added while it reads, each from its beginning. */
    private void takeAdded() {
        Set<TopicPartition> all = new HashSet<>(consumer.assignment());
        int before = all.size();
        for (String topic : topics) {
            try {
                consumer.partitionsFor(topic, LOOKING)
                        .forEach(info -> all.add(new TopicPartition(topic, info.partition())));
            } catch (ApiException e) {
                LOG.debug("{} does not know the partitions of {}", name, topic, e);
            }
        }
        if (all.size() > before) {
            LOG.info("{} reads {} partitions, was {}", name, all.size(), before);
            consumer.assign(all);
        }
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
        KafkaDelivery.At at = at(record);
        HandledOffsets.Offset offset = durable ? progress.begin(at) : null;
        if (wanted) {
            fetched.add(new KafkaDelivery(withoutRedrive(envelope), at, codec, offset));
        } else if (offset != null) {
            offset.done();
        }
    }

    private static KafkaDelivery.At at(ConsumerRecord<?, ?> record) {
        return new KafkaDelivery.At(
                new TopicPartition(record.topic(), record.partition()), record.offset());
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
        backlog.bring(dispatcher::hasRoomFor, this);
        while (!fetched.isEmpty() && goesOn(fetched.element())) {
            fetched.remove();
        }
        return fetched.isEmpty();
    }

    private boolean goesOn(KafkaDelivery delivery) {
        if (backlog.holds(delivery)) {
            return backlog.note(delivery);
        }
        return switch (dispatcher.offer(delivery)) {
            case TAKEN -> true;
            case KEY_FULL -> backlog.note(delivery);
            case FULL -> false;
        };
    }

    /** What was read again; it was wanted the first time. */
    @Override
    public Answer take(ConsumerRecord<byte[], byte[]> record) {
        KafkaDelivery.At at = at(record);
        HandledOffsets.Offset offset = durable ? progress.again(at) : null;
        return dispatcher.offer(
                new KafkaDelivery(withoutRedrive(KafkaEnvelopes.read(record)), at, codec, offset));
    }

    @Override
    public void gone(KafkaDelivery.At at) {
        ofGone.about(new IllegalStateException("it was at " + at));
        if (durable) {
            progress.again(at).done();
        }
    }

    private void throttle(boolean full) {
        Set<TopicPartition> wait = new HashSet<>();
        for (TopicPartition partition : consumer.assignment()) {
            if (full || progress.span(partition) > LONGEST_SPAN) {
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

    private void awaitWorkers() {
        // Closing twice is harmless, and the second time waits as well.
        dispatcher.close();
    }

    private void leave() {
        if (durable) {
            progress.commitFinally();
            return;
        }
        int lost = unread.size() + fetched.size() + backlog.size();
        if (lost > 0) {
            LOG.warn("{} ends before it handled {} events, which are lost", name, lost);
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        progress.commitNow(partitions);
        forget(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        forget(partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

    private void forget(Collection<TopicPartition> partitions) {
        progress.forget(partitions);
        backlog.forget(partitions);
        fetched.removeIf(delivery -> !delivery.isOurs());
    }
}
