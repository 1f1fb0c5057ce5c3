package dev.jubilee.server.bus.store;

import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.kafka.TopicOffsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Lets callers wait until the store, on whichever instance, holds everything that is in Kafka at
 * the moment of the call. All who wait share the questions to Kafka and PostgreSQL, so that any
 * number of them costs a few questions each ten milliseconds. Thread-safe.
 */
final class CatchUp implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(10);

    private record Waiting(
            List<CompletableFuture<Boolean>> callers, Map<PartitionId, Long> ends, long deadline) {}

    private final TopicOffsets kafka;
    private final OffsetStore store;
    private final Supplier<Collection<String>> topics;
    private final Duration patience;
    private final Queue<CompletableFuture<Boolean>> arrivals = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    /**
     * @param patience how long anybody waits at most
     */
    CatchUp(
            TopicOffsets kafka,
            OffsetStore store,
            Supplier<Collection<String>> topics,
            Duration patience) {
        this.kafka = kafka;
        this.store = store;
        this.topics = topics;
        this.patience = patience;
        this.thread = Thread.ofPlatform().name("store-catch-up").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /**
     * Completes when the store has passed what is in Kafka now, or when patience ends all the same,
     * and says whether it has; exceptionally when Kafka or PostgreSQL does not answer.
     */
    CompletableFuture<Boolean> await() {
        CompletableFuture<Boolean> caller = new CompletableFuture<>();
        arrivals.add(caller);
        LockSupport.unpark(thread);
        return caller;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        List<Waiting> waiting = new ArrayList<>();
        while (!closed) {
            admit(waiting);
            if (waiting.isEmpty()) {
                if (arrivals.isEmpty()) {
                    LockSupport.park(this);
                }
                continue;
            }
            release(waiting);
            if (!waiting.isEmpty()) {
                LockSupport.parkNanos(this, PAUSE.toNanos());
            }
        }
    }

    private void admit(List<Waiting> waiting) {
        List<CompletableFuture<Boolean>> callers = new ArrayList<>();
        CompletableFuture<Boolean> next = arrivals.poll();
        while (next != null) {
            callers.add(next);
            next = arrivals.poll();
        }
        if (callers.isEmpty()) {
            return;
        }
        try {
            long deadline = System.nanoTime() + patience.toNanos();
            waiting.add(new Waiting(callers, kafka.ends(topics.get()), deadline));
        } catch (RuntimeException e) {
            callers.forEach(caller -> caller.completeExceptionally(e));
        }
    }

    private void release(List<Waiting> waiting) {
        Map<PartitionId, Long> positions;
        try {
            positions = store.positions(EventStore.GROUP);
        } catch (RuntimeException e) {
            waiting.forEach(all -> all.callers().forEach(c -> c.completeExceptionally(e)));
            waiting.clear();
            return;
        }
        Iterator<Waiting> all = waiting.iterator();
        while (all.hasNext()) {
            Waiting one = all.next();
            boolean passed = hasPassed(positions, one.ends());
            if (passed || System.nanoTime() - one.deadline() > 0) {
                one.callers().forEach(caller -> caller.complete(passed));
                all.remove();
            }
        }
    }

    private static boolean hasPassed(
            Map<PartitionId, Long> positions, Map<PartitionId, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }
}
