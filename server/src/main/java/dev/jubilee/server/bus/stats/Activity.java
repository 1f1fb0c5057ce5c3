package dev.jubilee.server.bus.stats;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/** Counts what this instance does, since it began. Thread-safe and cheap. */
public final class Activity {
    private final LongAdder published = new LongAdder();
    private final LongAdder publishFailures = new LongAdder();
    private final LongAdder consumed = new LongAdder();
    private final LongAdder consumeFailures = new LongAdder();
    private final LongAdder processingNanos = new LongAdder();

    /** Kafka has acknowledged an event. */
    public void published() {
        published.increment();
    }

    /** Kafka did not take an event, or did not say so. */
    public void publishFailed() {
        publishFailures.increment();
    }

    /**
     * Events were stored.
     *
     * @param processing from the acceptance of each until it was stored, all together
     */
    public void consumed(int events, Duration processing) {
        consumed.add(events);
        processingNanos.add(processing.toNanos());
    }

    /** Events could not be stored at this try. */
    public void consumeFailed(int events) {
        consumeFailures.add(events);
    }

    /** The counts so far. */
    Counts counts() {
        return new Counts(
                published.sum(),
                publishFailures.sum(),
                consumed.sum(),
                consumeFailures.sum(),
                processingNanos.sum());
    }

    /** Counts at one moment, or between two. */
    record Counts(
            long published,
            long publishFailures,
            long consumed,
            long consumeFailures,
            long processingNanos) {
        Counts since(Counts before) {
            return new Counts(
                    published - before.published,
                    publishFailures - before.publishFailures,
                    consumed - before.consumed,
                    consumeFailures - before.consumeFailures,
                    processingNanos - before.processingNanos);
        }
    }
}
