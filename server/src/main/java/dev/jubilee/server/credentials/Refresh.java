package dev.jubilee.server.credentials;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads something anew for many callers at once: a caller takes part in any reading that began
 * after its own arrival. However many ask, one reading runs at a time, and no more than twenty a
 * second: nobody can make work for the database by sending nonsense. Thread-safe.
 */
final class Refresh {
    private static final long SPACING = Duration.ofMillis(50).toNanos();

    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicLong begun = new AtomicLong();
    private final Runnable reading;
    private long earliest = System.nanoTime();

    Refresh(Runnable reading) {
        this.reading = reading;
    }

    /** Returns when a reading that began after this call has ended. */
    void run() {
        long seen = begun.get();
        lock.lock();
        try {
            if (begun.get() == seen) {
                awaitTurn();
                begun.incrementAndGet();
                reading.run();
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitTurn() {
        try {
            TimeUnit.NANOSECONDS.sleep(earliest - System.nanoTime());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        earliest = System.nanoTime() + SPACING;
    }
}
