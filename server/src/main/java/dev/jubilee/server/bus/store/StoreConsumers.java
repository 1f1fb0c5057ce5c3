package dev.jubilee.server.bus.store;

import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.kafka.ConsumerLoop;
import dev.jubilee.events.kafka.LoopListener;
import dev.jubilee.events.kafka.LoopSettings;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;

/**
 * What of an instance stores events: a few members of one group, so that one reads from Kafka while
 * PostgreSQL writes for another. Thread-safe.
 */
final class StoreConsumers implements AutoCloseable {
    /** Longer than one consumer would wait: what comes in the same time is written in parts. */
    private static final Duration GATHERING = Duration.ofMillis(80);

    private final List<StoreWriter> writers;
    private final List<ConsumerLoop> loops = new ArrayList<>();

    StoreConsumers(int count, Supplier<StoreWriter> writer) {
        this.writers = Stream.generate(writer).limit(count).toList();
    }

    /**
     * Begins to consume every topic, also those that are made later. Call once.
     *
     * @param kafka how clients reach Kafka
     */
    synchronized void start(
            Map<String, Object> kafka,
            Admin admin,
            TopicCatalogue topics,
            OffsetStore offsets,
            LoopListener listener) {
        LoopSettings settings = LoopSettings.of(EventStore.GROUP, kafka).gathering(GATHERING);
        for (StoreWriter writer : writers) {
            String name = EventStore.GROUP + "-" + (loops.size() + 1);
            loops.add(
                    new ConsumerLoop(
                            settings.withClientId(name),
                            topics.names(),
                            admin,
                            offsets,
                            writer,
                            listener));
        }
        topics.onChange(() -> follow(topics));
        follow(topics);
    }

    private synchronized void follow(TopicCatalogue topics) {
        loops.forEach(loop -> loop.topics(topics.names()));
    }

    /** Whether events are being stored at the moment. */
    boolean isBusy() {
        return writers.stream().anyMatch(StoreWriter::isBusy);
    }

    /** Finishes what is being stored, and leaves the group. */
    @Override
    public synchronized void close() {
        // All at once, lest what one leaves goes to another that is about to leave.
        try (ExecutorService closers = Executors.newVirtualThreadPerTaskExecutor()) {
            loops.forEach(loop -> closers.execute(loop::close));
        }
    }
}
