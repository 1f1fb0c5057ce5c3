package dev.jubilee.server.bus.delivery.relays;

import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.relays.RoutedTopic.Written;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.DatabaseException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what one subscription is owed to its topic, each event once. PostgreSQL knows which
 * deliveries are in which batch, Kafka which batches were written; nothing is taken before the two
 * agree. Has a thread while there is work, and a producer for a while longer. Thread-safe.
 */
final class Relay {
    private static final Logger log = LoggerFactory.getLogger(Relay.class);
    private static final int MOST = 1_000;
    private static final long WIDE = 1L << 20;
    private static final Duration IDLE = Duration.ofSeconds(30);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final String UNKNOWN =
            "whether it was written is not known: Kafka has forgotten the subscription's batches";

    private static final String UNFINISHED = "whoever wrote it ended before it was committed";

    private final UUID id;
    private final Relays.Platform platform;
    private final Semaphore wanted = new Semaphore(0);
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile CompletableFuture<Void> ended = CompletableFuture.completedFuture(null);
    private @Nullable RoutedTopic topic;
    private UUID tenure = new UUID(0, 0);
    private long batch;

    /** Bytes of the largest batch that went through the producer. */
    private long widest;

    private int failures;
    private String failure = UNFINISHED;

    Relay(UUID id, Relays.Platform platform) {
        this.id = id;
        this.platform = platform;
    }

    /** There may be something to do. */
    void wake() {
        wanted.release();
        if (mayWork() != null && running.compareAndSet(false, true)) {
            ended = new CompletableFuture<>();
            Thread.ofVirtual().name("relay-" + id).start(this::run);
        }
    }

    /** Looks soon whether it may go on; completes when it works no more. */
    CompletableFuture<Void> stop() {
        wanted.release();
        return ended;
    }

    /** The subscription, if it is this instance's to write for, and now. */
    private @Nullable Subscription mayWork() {
        Subscription it = platform.directory().index().find(id);
        boolean mine = it != null && it.hasTargetTopic() && platform.ownership().owns(id);
        return it != null && mine && platform.mayWrite(it) ? it : null;
    }

    private void run() {
        try {
            do {
                wanted.drainPermits();
                work();
                if (widest > WIDE) {
                    // Its buffers stay as large as what went through them.
                    closeTopic();
                }
            } while (mayWork() != null
                    && wanted.tryAcquire(IDLE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.error("what subscription {} is owed cannot be written", id, e);
        } finally {
            closeTopic();
            running.set(false);
            ended.complete(null);
        }
        if (wanted.availablePermits() > 0) {
            wake();
        }
    }

    /** Returns when nothing waits, or it may not go on. */
    private void work() throws InterruptedException {
        for (Subscription it = mayWork(); it != null; it = mayWork()) {
            try {
                if (!step(it)) {
                    return;
                }
                failures = 0;
            } catch (KafkaException | RetryableException | DatabaseException e) {
                log.warn("what subscription {} is owed waits: {}", id, e.getMessage());
                pauseAfterFailure();
            } catch (RuntimeException e) {
                log.error("what subscription {} is owed cannot be written", id, e);
                pauseAfterFailure();
            }
        }
        closeTopic();
    }

    private void pauseAfterFailure() throws InterruptedException {
        closeTopic();
        failures++;
        boolean _ = wanted.tryAcquire(pause().toMillis(), TimeUnit.MILLISECONDS);
    }

    private Duration pause() {
        Duration pause = Duration.ofMillis(50).multipliedBy(1L << Math.min(failures - 1, 10));
        return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
    }

    /** Returns whether there may be more. */
    private boolean step(Subscription it) throws InterruptedException {
        RoutedTopic open = topic;
        if (open == null || !tenure.equals(platform.ownership().instance())) {
            // A producer has buffers and threads: all subscriptions look at each change.
            open = isOwed(it) ? open(it) : null;
            if (open == null) {
                return false;
            }
        }
        try (RelayMemory.Share memory = platform.memory().share()) {
            List<Delivery> taken = take(it, memory.bytes());
            if (taken == null || taken.isEmpty()) {
                return false;
            }
            memory.holds(Delivery.bytes(taken));
            widest = Math.max(widest, memory.bytes());
            relay(open, taken);
        }
        return true;
    }

    private void relay(RoutedTopic open, List<Delivery> taken) {
        switch (write(open, taken)) {
            case Written.Committed _ -> {
                batch++;
                settle(batch);
                Instant now = platform.clock().instant();
                taken.forEach(one ->
                        platform.metrics().answered(Duration.between(one.acceptedAt(), now)));
            }
            case Written.Refused(Map<Integer, String> reasons) -> giveUp(taken, reasons);
        }
    }

    private Written write(RoutedTopic open, List<Delivery> taken) {
        try {
            return open.write(batch + 1, taken);
        } catch (KafkaException e) {
            failure = String.valueOf(e.getMessage());
            throw e;
        }
    }

    /**
     * Finds out which batches a former instance has written; null when another instance writes now.
     */
    private @Nullable RoutedTopic open(Subscription it) {
        closeTopic();
        UUID instance = platform.ownership().instance();
        // Before anybody is fenced who has more right to write.
        if (!platform.database().transaction(c -> RelayStore.holds(c, shard(), instance))) {
            return null;
        }
        RoutedTopic opened =
                new RoutedTopic(
                        platform.kafka(),
                        platform.admin(),
                        id,
                        String.valueOf(it.endpoint()),
                        new CloudEventsJson(platform.clock()));
        topic = opened;
        widest = 0;
        tenure = instance;
        Long committed = opened.begin();
        if (!agree(committed)) {
            closeTopic();
            return null;
        }
        if (committed == null) {
            // From here on Kafka knows of a batch, or has forgotten it.
            opened.mark(0);
        }
        batch = committed == null ? 0 : committed;
        failure = UNFINISHED;
        return opened;
    }

    private boolean agree(@Nullable Long committed) {
        Instant now = platform.clock().instant();
        platform.partitions().ensure(now);
        return platform.database()
                .transaction(connection -> {
                    if (!RelayStore.holds(connection, shard(), tenure)) {
                        return false;
                    }
                    if (committed == null) {
                        int lost = RelayStore.giveUpTaken(connection, id, UNKNOWN, now);
                        platform.metrics().gaveUp(DeliveryMethod.KAFKA, lost);
                        return true;
                    }
                    count(RelayStore.settle(connection, id, committed, now));
                    int failed = RelayStore.fail(connection, id, committed, failure, now);
                    if (failed > 0) {
                        platform.metrics().attempted(DeliveryMethod.KAFKA, "error", failed);
                    }
                    return true;
                });
    }

    private boolean isOwed(Subscription it) {
        List<String> closed = platform.clearance().closedTo(it, null);
        return platform.database().read(c -> RelayStore.isOwed(c, id, closed));
    }

    private @Nullable List<Delivery> take(Subscription it, long bytes) {
        List<String> closed = platform.clearance().closedTo(it, null);
        return platform.database()
                .transaction(connection ->
                        RelayStore.holds(connection, shard(), tenure)
                                ? RelayStore.take(connection, id, batch + 1, MOST, bytes, closed)
                                : null);
    }

    private void settle(long committed) {
        Instant now = platform.clock().instant();
        platform.partitions().ensure(now);
        count(platform.database().transaction(c -> RelayStore.settle(c, id, committed, now)));
    }

    private void count(int written) {
        if (written > 0) {
            platform.metrics().written(written);
        }
    }

    private void giveUp(List<Delivery> taken, Map<Integer, String> reasons) {
        Instant now = platform.clock().instant();
        platform.partitions().ensure(now);
        int died =
                platform.database()
                        .transaction(connection -> {
                            if (!RelayStore.holds(connection, shard(), tenure)) {
                                // What whoever has it now wrote since must not wait again.
                                return 0;
                            }
                            for (Map.Entry<Integer, String> one : reasons.entrySet()) {
                                RelayStore.giveUp(
                                        connection,
                                        id,
                                        taken.get(one.getKey()).id(),
                                        one.getValue(),
                                        now);
                            }
                            RelayStore.undo(connection, id, batch);
                            return reasons.size();
                        });
        platform.metrics().gaveUp(DeliveryMethod.KAFKA, died);
    }

    private int shard() {
        return Ownership.shardOf(id);
    }

    private void closeTopic() {
        RoutedTopic open = topic;
        topic = null;
        if (open != null) {
            open.close();
        }
    }
}
