package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes topics as a member of a group, each event once: positions live in an {@link OffsetStore}
 * and move in the transaction of the effect, by compare-and-set, so an instance that was taken for
 * dead and still writes is fenced. Kafka's own committed offsets are never used.
 *
 * <ul>
 *   <li>A partition without a position is consumed from its earliest record.
 *   <li>Records that Kafka deleted before they were consumed are reported with their number, and
 *       the loop goes on behind them.
 *   <li>When Kafka has lost the end of a log, as it may when its machine loses power, the loop says
 *       so and goes back to where the log was cut, by compare-and-set and through the handler like
 *       any other advance: what is written there afterwards are new records, and none of them is
 *       passed over. It is noticed by the leader epoch that the store keeps with a position, also
 *       after new records have lifted the end past it; a position without an epoch is noticed only
 *       while it lies beyond the end.
 *   <li>When Kafka cannot tell where the log was cut, the partition stops, with an alarm that keeps
 *       coming. Nothing is ever reset to a guess.
 *   <li>When the handler, the store or Kafka fails, the loop goes on from where the store says,
 *       after a pause; other partitions' order and content are not affected.
 * </ul>
 *
 * <p>The loop has one thread, which also runs the handler. Its own methods are for any thread.
 */
public final class ConsumerLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerLoop.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration SOON = Duration.ofMillis(100);
    private static final Backoff SHORT = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(2));
    private static final Backoff LONG = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30));

    private final LoopSettings settings;
    private final TopicOffsets kafka;
    private final OffsetStore store;
    private final BatchHandler handler;
    private final LoopListener listener;
    private final Queue<CompletableFuture<Void>> pausing = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile Set<String> topics;
    private volatile @Nullable Consumer<byte[], byte[]> current;
    private volatile boolean pauseWanted;
    private volatile boolean closed;
    private volatile boolean ended;
    private volatile Map<TopicPartition, Long> lags = Map.of();
    private volatile Map<PartitionId, Long> positions = Map.of();
    private int failures;
    private int broken;

    private record Backoff(Duration first, Duration longest) {
        Duration after(int failures) {
            Duration pause = first.multipliedBy(1L << Math.min(failures - 1, 16));
            return pause.compareTo(longest) < 0 ? pause : longest;
        }
    }

    /** Starts consuming. The admin client stays the caller's to close. */
    public ConsumerLoop(
            LoopSettings settings,
            Collection<String> topics,
            Admin admin,
            OffsetStore store,
            BatchHandler handler,
            LoopListener listener) {
        this.settings = settings;
        this.topics = Set.copyOf(topics);
        this.kafka = new TopicOffsets(admin);
        this.store = store;
        this.handler = handler;
        this.listener = listener;
        this.thread = Thread.ofPlatform().name("consume-" + settings.clientId()).start(this::run);
    }

    /** Consumes these topics from now on, at once; those that do not exist yet when they do. */
    public void topics(Collection<String> names) {
        topics = Set.copyOf(names);
        wake();
    }

    /**
     * Stops consuming, but stays in the group.
     *
     * @return completes when the batch under way has been handled, and no other will be begun; at
     *     once when it is told to consume again, or has ended
     */
    public CompletableFuture<Void> pause() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        pauseWanted = true;
        pausing.add(done);
        if (ended) {
            answerPausing();
        }
        wake();
        return done;
    }

    /** Consumes again. */
    public void resume() {
        pauseWanted = false;
        answerPausing();
        wake();
    }

    /** How many records wait in each of this instance's partitions, at the last poll. */
    public Map<TopicPartition, Long> lags() {
        return lags;
    }

    /** Where the group stands in this instance's partitions; for all of them ask the store. */
    public Map<PartitionId, Long> positions() {
        return positions;
    }

    /** Finishes the batch under way, leaves the group, and returns. */
    @Override
    public void close() {
        closed = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
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

    private void wake() {
        Consumer<byte[], byte[]> consumer = current;
        if (consumer != null) {
            consumer.wakeup();
        }
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings.consumer())) {
                current = consumer;
                consume(consumer);
            } catch (Throwable e) { // whatever it is, it must not end the loop
                LOG.error("{}: the Kafka client failed and is replaced", settings.group(), e);
                tellBroken(e);
                broken++;
                forgetInterrupt();
                LockSupport.parkNanos(LONG.after(broken).toNanos());
            } finally {
                current = null;
                lags = Map.of();
                positions = Map.of();
            }
        }
        ended = true;
        answerPausing();
    }

    /** The thread is ours: whoever leaves it interrupted must not disturb what follows. */
    private static void forgetInterrupt() {
        boolean unused = Thread.interrupted();
    }

    private void tellBroken(Throwable cause) {
        try {
            listener.broken(cause instanceof Exception e ? e : new IllegalStateException(cause));
        } catch (Throwable e) { // it only watches
            LOG.error("{}: the listener failed", settings.group(), e);
        }
    }

    private void answerPausing() {
        for (CompletableFuture<Void> done = pausing.poll(); done != null; done = pausing.poll()) {
            done.complete(null);
        }
    }

    private void consume(Consumer<byte[], byte[]> consumer) {
        Placements placements = new Placements(settings, consumer, store, kafka, listener);
        Set<String> subscribed = Set.of();
        boolean paused = false;
        while (!closed) {
            try {
                if (!topics.equals(subscribed)) {
                    subscribed = topics;
                    consumer.subscribe(subscribed, placements);
                }
                if (pauseWanted != paused) {
                    paused = pauseWanted;
                    placements.pause(paused);
                }
                if (paused) {
                    answerPausing();
                }
                if (subscribed.isEmpty()) {
                    lags = Map.of();
                    positions = Map.of();
                    LockSupport.parkNanos(POLL.toNanos());
                } else {
                    step(consumer, placements);
                }
            } catch (WakeupException e) {
                LOG.trace("{} was told something", settings.group());
            }
        }
    }

    private void step(Consumer<byte[], byte[]> consumer, Placements placements) {
        try {
            place(placements);
            Gathered records =
                    Gathered.from(consumer, placements.untilDue(POLL), settings.maxPollRecords());
            long begun = System.nanoTime();
            handle(placements.batch(records), placements);
            records.rethrow();
            broken = 0;
            lags = Map.copyOf(placements.lags());
            positions = Map.copyOf(placements.positions());
            long next = begun + settings.paceAfter(records.count()).toNanos();
            LockSupport.parkNanos(next - System.nanoTime());
        } catch (LogTruncationException e) {
            goBack(e, placements);
        } catch (InvalidOffsetException e) {
            // Out of range: the placing finds out on which side, and complains.
            placements.displace(e.partitions(), SOON);
        }
    }

    private void goBack(LogTruncationException truncation, Placements placements) {
        try {
            handle(placements.wayBack(truncation), placements);
        } catch (RuntimeException e) {
            placements.displace(truncation.partitions(), failed(e));
        }
    }

    private void place(Placements placements) {
        try {
            placements.checkTopics();
            placements.placeDue();
            handle(placements.jumps(), placements);
        } catch (RuntimeException e) {
            placements.delayDue(failed(e));
        }
    }

    @SuppressWarnings("CatchingUnchecked") // whatever a handler throws must not end the loop
    private void handle(Batch batch, Placements placements) {
        if (batch.advance().steps().isEmpty()) {
            return;
        }
        long start = System.nanoTime();
        List<TopicPartition> partitions =
                batch.advance().steps().stream().map(Placements::partition).toList();
        try {
            switch (handler.handle(batch)) {
                case ADVANCED -> {
                    failures = 0;
                    placements.advanced(batch.advance());
                    listener.handled(
                            batch.records().size(), Duration.ofNanos(System.nanoTime() - start));
                }
                case FENCED -> {
                    LOG.warn("{} was overtaken in {}", settings.group(), partitions);
                    listener.fenced(partitions);
                    placements.displace(partitions, SOON);
                }
            }
        } catch (Exception | Error e) {
            placements.displace(partitions, failed(e));
        } finally {
            forgetInterrupt();
        }
    }

    /** Reports, and says how long to pause. */
    private Duration failed(Throwable cause) {
        failures++;
        boolean transientOnly = cause instanceof RetryableException;
        if (transientOnly) {
            LOG.warn("{} cannot go on at present: {}", settings.group(), cause.getMessage());
        } else {
            LOG.error("{} cannot go on", settings.group(), cause);
        }
        listener.failing(cause, failures);
        return (transientOnly ? SHORT : LONG).after(failures);
    }
}
