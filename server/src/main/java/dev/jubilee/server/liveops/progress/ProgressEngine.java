package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.kafka.ConsumerLoops;
import dev.jubilee.events.kafka.LoopListener;
import dev.jubilee.events.kafka.LoopSettings;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Turns bus events into progress, each event once: the position of the consumer moves in the
 * transaction of the effect, whatever dies in between, and an event that a client sent twice counts
 * once. Instances share the partitions; one that was taken for dead and still writes is fenced.
 * Thread-safe.
 */
public final class ProgressEngine implements AutoCloseable {
    private static final Duration GATHERING = Duration.ofMillis(40);

    private final ProgressBus.Topics topics;
    private final List<ProgressHandler> handlers;
    private final ConsumerLoops loops;

    public ProgressEngine(
            ProgressParts parts,
            ProgressBus bus,
            ProgressSettings settings,
            LoopListener listener) {
        this.topics = bus.topics();
        this.handlers =
                IntStream.range(0, settings.consumers())
                        .mapToObj(i ->
                                new ProgressHandler(
                                        parts,
                                        bus.offsets(),
                                        StandingCache.oneOf(settings.consumers())))
                        .toList();
        this.loops =
                new ConsumerLoops(
                        LoopSettings.of(settings.group(), bus.kafka())
                                .gathering(GATHERING)
                                .withMaxPollRecords(settings.maxBatch()),
                        topics::names,
                        bus.admin(),
                        bus.offsets(),
                        handlers,
                        listener);
    }

    /** Begins to consume. Call once, after the directory of occurrences was started. */
    public void start() {
        topics.onChange(loops::refreshTopics);
        loops.start();
    }

    /** How many events wait in this instance's partitions. */
    public long lag() {
        return loops.lag();
    }

    /** How many events this instance has put aside because they cannot count. */
    public long parked() {
        return handlers.stream().mapToLong(ProgressHandler::parked).sum();
    }

    /** Finishes the batches under way. */
    @Override
    public void close() {
        loops.close();
    }
}
