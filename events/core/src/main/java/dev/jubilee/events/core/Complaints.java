package dev.jubilee.events.core;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Logs a failure that may come again with every event: the first time, and then once a minute at
 * most, with how often it came meanwhile. Thread-safe; throws nothing, also when what was thrown
 * cannot say what it is.
 */
public final class Complaints {
    private static final long SILENCE = TimeUnit.MINUTES.toNanos(1);

    private final Logger log;
    private final String sentence;
    private final LongSupplier nanos;
    private final AtomicLong due;
    private final AtomicLong unsaid = new AtomicLong();

    /** Of one kind of failure, said in a sentence: "the tracker of scores failed". */
    public Complaints(Logger log, String sentence) {
        this(log, sentence, System::nanoTime);
    }

    Complaints(Logger log, String sentence, LongSupplier nanos) {
        this.log = log;
        this.sentence = sentence;
        this.nanos = nanos;
        this.due = new AtomicLong(nanos.getAsLong());
    }

    /** It happened, for this reason. */
    public void about(Throwable reason) {
        long now = nanos.getAsLong();
        long next = due.get();
        if (now - next < 0 || !due.compareAndSet(next, now + SILENCE)) {
            unsaid.incrementAndGet();
            return;
        }
        long since = unsaid.getAndSet(0);
        String words = since == 0 ? sentence : sentence + ", and " + since + " times before this";
        try {
            log.warn(words, reason);
        } catch (Throwable e) { // logging it calls its code again
            log.warn("{}: {}", words, reason.getClass().getName());
        }
    }
}
