package dev.jubilee.server.bus.publish;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps callers from waiting for a Kafka that does not answer. After {@value #FAILURES} requests in
 * a row that Kafka let down it opens: callers are refused at once, but for one a second that finds
 * out whether Kafka is back. The first acknowledgement closes it. Thread-safe; while all is well,
 * it costs a read.
 */
final class KafkaBreaker {
    static final int FAILURES = 5;

    private static final Logger log = LoggerFactory.getLogger(KafkaBreaker.class);
    private static final long BETWEEN_TRIES = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier nanoTime;
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicLong nextTry = new AtomicLong();
    private volatile boolean open;

    /**
     * @param nanoTime {@code System::nanoTime}, or a test's
     */
    KafkaBreaker(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Whether a request may go to Kafka. */
    boolean lets() {
        if (!open) {
            return true;
        }
        long now = nanoTime.getAsLong();
        long due = nextTry.get();
        return now - due >= 0 && nextTry.compareAndSet(due, now + BETWEEN_TRIES);
    }

    boolean isOpen() {
        return open;
    }

    /** Kafka has taken something. */
    void acknowledged() {
        if (failures.get() != 0) {
            failures.set(0);
        }
        if (open) {
            open = false;
            log.info("Kafka takes events again");
        }
    }

    /** Kafka has let a whole request down. */
    void failed() {
        if (failures.incrementAndGet() >= FAILURES && !open) {
            nextTry.set(nanoTime.getAsLong() + BETWEEN_TRIES);
            open = true;
            log.warn("Kafka takes no events; publishing is refused until it does");
        }
    }
}
