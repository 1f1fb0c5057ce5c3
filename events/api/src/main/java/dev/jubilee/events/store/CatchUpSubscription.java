package dev.jubilee.events.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Hands all events of a store to one handler, from the first on, and goes on where it was.
 *
 * <ul>
 *   <li><b>Nothing is skipped.</b> The checkpoint moves only past what was handled. A batch that
 *       fails is handed over again, after a pause, until it succeeds; a handler that would rather
 *       skip an event catches its own exception.
 *   <li><b>One active owner.</b> Of several instances with the same subscription one works, the
 *       others wait to take over. One that was away for longer than its lease cannot move the
 *       checkpoint any more, and handles nothing further.
 *   <li><b>In order.</b> Batches come one after the other, on one thread.
 * </ul>
 *
 * <p>Thread-safe. Closing waits for the batch that is being handled.
 */
public final class CatchUpSubscription implements AutoCloseable {
    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);

    private final EventStore store;
    private final Checkpoints checkpoints;
    private final SubscriptionSettings settings;
    private final BatchHandler handler;
    private final SubscriptionListener listener;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread thread;
    private boolean closed;
    private boolean woken;
    private long handledTo;

    private CatchUpSubscription(
            EventStore store,
            Checkpoints checkpoints,
            SubscriptionSettings settings,
            BatchHandler handler,
            SubscriptionListener listener) {
        this.store = store;
        this.checkpoints = checkpoints;
        this.settings = settings;
        this.handler = handler;
        this.listener = listener;
        this.thread =
                Thread.ofVirtual()
                        .name("subscription-" + settings.subscription())
                        .unstarted(this::run);
    }

    /** Starts to work, or to wait until the present owner gives up. */
    public static CatchUpSubscription start(
            EventStore store,
            Checkpoints checkpoints,
            SubscriptionSettings settings,
            BatchHandler handler,
            SubscriptionListener listener) {
        CatchUpSubscription subscription =
                new CatchUpSubscription(store, checkpoints, settings, handler, listener);
        subscription.thread.start();
        return subscription;
    }

    /** As above, watched by nobody. */
    public static CatchUpSubscription start(
            EventStore store,
            Checkpoints checkpoints,
            SubscriptionSettings settings,
            BatchHandler handler) {
        return start(store, checkpoints, settings, handler, SubscriptionListener.NONE);
    }

    /** Looks for new events at once, for those who know that there are some. */
    public void wake() {
        locked(() -> woken = true);
    }

    /**
     * Waits until this instance has handled everything up to a position: to read one's own writes
     * from a projection.
     *
     * @return false if that took too long
     */
    public boolean awaitPosition(long position, Duration atMost) throws InterruptedException {
        long rest = atMost.toNanos();
        lock.lock();
        try {
            while (handledTo < position) {
                if (rest <= 0) {
                    return false;
                }
                rest = changed.awaitNanos(rest);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends after the batch that is being handled, and lets the next owner begin. */
    @Override
    public void close() {
        locked(() -> closed = true);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("CatchingUnchecked") // whatever fails must not end the subscription
    private void run() {
        long pause = FIRST_PAUSE;
        while (!isClosed()) {
            try {
                Optional<Checkpoints.Lease> lease =
                        checkpoints.acquire(
                                settings.subscription(), settings.owner(), settings.lease());
                if (lease.isPresent()) {
                    listener.acquired(lease.get());
                    work(lease.get());
                } else {
                    pause(settings.lease().toNanos() / 4);
                }
                pause = FIRST_PAUSE;
            } catch (Exception e) {
                listener.failed(e);
                pause(pause);
                pause = Math.min(LONGEST_PAUSE, 2 * pause);
            }
        }
    }

    /** Works until it is closed or fenced off. */
    private void work(Checkpoints.Lease lease) {
        long renewAfter = settings.lease().toNanos() / 3;
        long renewed = System.nanoTime();
        long position = lease.position();
        handledTo(position);
        while (!isClosed()) {
            if (System.nanoTime() - renewed > renewAfter) {
                renewed = System.nanoTime();
                if (!checkpoints.renew(lease, settings.lease())) {
                    listener.fenced(lease);
                    return;
                }
            }
            List<StoredEvent> events = store.getAllEvents(position, settings.batchSize());
            if (events.isEmpty()) {
                pause(settings.poll().toNanos());
                continue;
            }
            long last = events.getLast().position();
            if (!handle(events, lease) || isFenced(lease, last)) {
                return;
            }
            position = last;
            listener.handled(events.size(), position);
            handledTo(position);
        }
        checkpoints.release(lease);
    }

    private boolean isFenced(Checkpoints.Lease lease, long position) {
        if (checkpoints.advance(lease, position)) {
            return false;
        }
        listener.fenced(lease);
        return true;
    }

    /** Hands a batch over until it succeeds; false if it was closed or fenced off before. */
    @SuppressWarnings("CatchingUnchecked") // whatever a handler throws, the batch comes again
    private boolean handle(List<StoredEvent> events, Checkpoints.Lease lease) {
        long pause = FIRST_PAUSE;
        while (true) {
            try {
                handler.handle(events, lease);
                return true;
            } catch (Exception e) {
                listener.failed(e);
            } catch (Error e) { // as much the handler's as an exception
                listener.failed(new IllegalStateException("the handler failed", e));
            }
            pause(pause);
            pause = Math.min(LONGEST_PAUSE, 2 * pause);
            if (isClosed()) {
                checkpoints.release(lease);
                return false;
            }
            if (!checkpoints.renew(lease, settings.lease())) {
                listener.fenced(lease);
                return false;
            }
        }
    }

    private void handledTo(long position) {
        locked(() -> handledTo = position);
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Waits so long, or until it is woken or closed. */
    private void pause(long nanos) {
        lock.lock();
        try {
            long rest = nanos;
            while (rest > 0 && !closed && !woken) {
                rest = changed.awaitNanos(rest);
            }
            woken = false;
        } catch (InterruptedException e) {
            closed = true; // nobody but this class has the thread
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
