package dev.jubilee.server.bus.publish;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the calls between the stamping of events and their outcome, by two epochs that take turns.
 * Whoever begins a new epoch can wait for the calls of the one before, as those of the new one have
 * stamped nothing earlier. Thread-safe; a call costs two atomic steps, and waits for nobody.
 */
final class InFlightEpochs {
    private final AtomicInteger[] open = {new AtomicInteger(), new AtomicInteger()};
    private volatile int epoch;

    /** Before anything is stamped; {@link #end} is owed what it returns. */
    int begin() {
        while (true) {
            int now = epoch;
            open[now].incrementAndGet();
            if (epoch == now) {
                return now;
            }
            // Whoever waits for that epoch may not have seen this one: it belongs to the next.
            open[now].decrementAndGet();
        }
    }

    /** When all that was stamped has an outcome. */
    void end(int begun) {
        open[begun].decrementAndGet();
    }

    /**
     * Begins another epoch, and waits until every call that began before it has ended. One caller
     * at a time.
     *
     * @return whether they have; false when the time was up
     */
    boolean awaitEarlier(Duration most) throws InterruptedException {
        int earlier = epoch;
        epoch = 1 - earlier;
        long deadline = System.nanoTime() + most.toNanos();
        while (open[earlier].get() > 0) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
        return true;
    }
}
