package dev.jubilee.server.bus.publish;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends the waiting for publishes whose time is over. The producer has a time of its own for each
 * record, which begins when it takes it: what waited before that would wait twice. It looks at all
 * that is under way some times a second, as a timer for each would cost more. Thread-safe.
 */
final class PublishDeadlines implements AutoCloseable {
    private static final long PAUSE = Duration.ofMillis(50).toNanos();

    private final Queue<InFlightPublish> underWay = new ConcurrentLinkedQueue<>();
    private final Thread thread =
            Thread.ofPlatform().name("publish-deadlines").daemon().unstarted(this::run);
    private volatile boolean idle;
    private volatile boolean closed;

    void start() {
        thread.start();
    }

    /** Expires the publish at its deadline, or a blink later. Never blocks. */
    void watch(InFlightPublish inFlight) {
        underWay.add(inFlight);
        if (idle) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            idle = true;
            // Looks again after the flag is up, so that none is slept through.
            if (underWay.isEmpty() && !closed) {
                LockSupport.park(this);
            }
            idle = false;
            LockSupport.parkNanos(this, PAUSE);
            underWay.removeIf(PublishDeadlines::isOver);
        }
    }

    private static boolean isOver(InFlightPublish inFlight) {
        if (inFlight.isLate()) {
            inFlight.expire();
        }
        return inFlight.done().isDone();
    }
}
