package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.kafka.ConsumerLoop;
import dev.jubilee.events.kafka.LoopListener;
import dev.jubilee.events.kafka.LoopSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Turns bus events into progress, each event once: the position of the consumer moves in the
 * transaction of the effect, whatever dies in between, and an event that a client sent twice counts
 * once. Instances share the partitions; one that was taken for dead and still writes is fenced.
 * Thread-safe.
 */
public final class ProgressEngine implements AutoCloseable {
    private static final Duration GATHERING = Duration.ofMillis(40);

    private final ProgressParts parts;
    private final ProgressBus bus;
    private final ProgressSettings settings;
    private final LoopListener listener;
    private final List<ConsumerLoop> loops = new ArrayList<>();
    private final List<ProgressHandler> handlers = new CopyOnWriteArrayList<>();

    public ProgressEngine(
            ProgressParts parts,
            ProgressBus bus,
            ProgressSettings settings,
            LoopListener listener) {
        this.parts = parts;
        this.bus = bus;
        this.settings = settings;
        this.listener = listener;
    }

    /** Begins to consume. Call once, after the directory of occurrences was started. */
    public synchronized void start() {
        LoopSettings loop =
                LoopSettings.of(settings.group(), bus.kafka())
                        .gathering(GATHERING)
                        .withMaxPollRecords(settings.maxBatch());
        for (int i = 1; i <= settings.consumers(); i++) {
            StandingCache cache = StandingCache.oneOf(settings.consumers());
            ProgressHandler handler = new ProgressHandler(parts, bus.offsets(), cache);
            handlers.add(handler);
            loops.add(
                    new ConsumerLoop(
                            loop.withClientId(settings.group() + "-" + i),
                            bus.topics().names(),
                            bus.admin(),
                            bus.offsets(),
                            handler,
                            listener));
        }
        bus.topics().onChange(this::follow);
        follow();
    }

    /** How many events wait in this instance's partitions. */
    public synchronized long lag() {
        return loops.stream()
                .flatMap(loop -> loop.lags().values().stream())
                .mapToLong(Long::longValue)
                .sum();
    }

    /** How many events this instance has put aside because they cannot count. */
    public long parked() {
        return handlers.stream().mapToLong(ProgressHandler::parked).sum();
    }

    /** Finishes the batches under way. */
    @Override
    public synchronized void close() {
        loops.parallelStream().forEach(ConsumerLoop::close);
        loops.clear();
    }

    private synchronized void follow() {
        loops.forEach(loop -> loop.topics(bus.topics().names()));
    }
}
