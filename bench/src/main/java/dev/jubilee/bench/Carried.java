package dev.jubilee.bench;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** What was carried, and how long that took from the first sent to the last handled. */
record Carried(long sent, long handled, double seconds) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static final Carried NOTHING = new Carried(0, 0, 0);

    /** Of two rounds. */
    Carried plus(Carried next) {
        return new Carried(sent + next.sent, handled + next.handled, seconds + next.seconds);
    }

    double rate() {
        return handled / seconds;
    }

    /** Waits until as many were handled as were sent since then. */
    static Carried awaitHandled(long sent, long start, LongSupplier handled) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (handled.getAsLong() < sent && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Carried(sent, handled.getAsLong(), seconds);
    }
}
