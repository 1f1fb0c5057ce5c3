package dev.jubilee.events.kafka;

import dev.jubilee.events.OffsetStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;

/**
 * Several members of one group in one program, each a {@link ConsumerLoop} with a handler of its
 * own: while one waits for a database, another reads from Kafka. Thread-safe.
 */
public final class ConsumerLoops implements AutoCloseable {
    private final LoopSettings settings;
    private final Supplier<? extends Collection<String>> topics;
    private final Admin admin;
    private final OffsetStore store;
    private final List<BatchHandler> handlers;
    private final LoopListener listener;
    private final List<ConsumerLoop> loops = new ArrayList<>();

    /**
     * Nothing is consumed yet. The admin client stays the caller's to close.
     *
     * @param topics what to consume; asked at the start and at {@link #refreshTopics}
     * @param handlers one for each member
     */
    public ConsumerLoops(
            LoopSettings settings,
            Supplier<? extends Collection<String>> topics,
            Admin admin,
            OffsetStore store,
            List<? extends BatchHandler> handlers,
            LoopListener listener) {
        this.settings = settings;
        this.topics = topics;
        this.admin = admin;
        this.store = store;
        this.handlers = List.copyOf(handlers);
        this.listener = listener;
    }

    /** Begins to consume what the topics are now. Call once. */
    public synchronized void start() {
        for (BatchHandler handler : handlers) {
            String name = settings.group() + "-" + (loops.size() + 1);
            loops.add(
                    new ConsumerLoop(
                            settings.withClientId(name),
                            topics.get(),
                            admin,
                            store,
                            handler,
                            listener));
        }
    }

    /** Consumes what the topics are now, if it was started. */
    public synchronized void refreshTopics() {
        loops.forEach(loop -> loop.topics(topics.get()));
    }

    /** How many records wait in the partitions of these members. */
    public synchronized long lag() {
        return loops.stream()
                .flatMap(loop -> loop.lags().values().stream())
                .mapToLong(Long::longValue)
                .sum();
    }

    /** Finishes the batches under way, and leaves the group. */
    @Override
    public void close() {
        // All at once, lest what one leaves goes to another that is about to leave.
        try (ExecutorService closers = Executors.newVirtualThreadPerTaskExecutor()) {
            takeAll().forEach(loop -> closers.execute(loop::close));
        }
    }

    private synchronized List<ConsumerLoop> takeAll() {
        List<ConsumerLoop> all = List.copyOf(loops);
        loops.clear();
        return all;
    }
}
