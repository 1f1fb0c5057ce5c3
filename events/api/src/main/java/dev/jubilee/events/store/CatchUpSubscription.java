package dev.jubilee.events.store;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Hands all events of a store to one handler, from the first on, and goes on where it was.
 *
 * <ul>
 *   <li><b>Nothing is skipped.</b> The checkpoint moves only past what was handled. A batch that
 *       fails is handed over again, after a pause, until it succeeds; a handler that would rather
 *       skip an event catches its own exception.
 *   <li><b>A log that lost its end is noticed</b>, as of a Redis that was set back: it is a failure
 *       that is told of, and the subscription goes on from its checkpoint, which lies beside the
 *       log. Looked at when there is nothing new, at the beginning and three times in a lease.
 *   <li><b>Only closing ends it.</b> Whatever the handler, the listener or the store throws, it
 *       goes on.
 *   <li><b>One active owner.</b> Of several instances with the same subscription one works, the
 *       others wait to take over. One that was away for longer than its lease cannot move the
 *       checkpoint any more, and handles nothing further.
 *   <li><b>In order.</b> Batches come one after the other, on one thread.
 * </ul>
 *
 * <p>Thread-safe. Closing waits for the batch that is being handled.
 */
public final class CatchUpSubscription implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(CatchUpSubscription.class.getName());
    private static final long SILENCE = TimeUnit.MINUTES.toNanos(1);
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
    private long complainAt = System.nanoTime();

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

    /** As above, watched by nobody: a failure is a line in the log, once a minute at most. */
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

    /**
     * Ends after the batch that is being handled, and lets the next owner begin; called by the
     * handler itself, it does not wait.
     */
    @Override
    public void close() {
        locked(() -> closed = true);
        boolean interrupted = false;
        while (thread.isAlive() && !Thread.currentThread().equals(thread)) {
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

    private void run() {
        long pause = FIRST_PAUSE;
        while (!isClosed()) {
            try {
                Optional<Checkpoints.Lease> lease =
                        checkpoints.acquire(
                                settings.subscription(), settings.owner(), settings.lease());
                if (lease.isPresent()) {
                    tell(watching -> watching.acquired(lease.get()));
                    work(lease.get());
                } else {
                    pause(settings.lease().toNanos() / 4);
                }
                pause = FIRST_PAUSE;
            } catch (Throwable e) { // whatever fails must not end the subscription
                failed(e);
                pause(pause);
                pause = Math.min(LONGEST_PAUSE, 2 * pause);
            }
        }
    }

    /** Works until it is closed or fenced off. */
    private void work(Checkpoints.Lease lease) {
        long renewAfter = settings.lease().toNanos() / 3;
        long renewed = System.nanoTime();
        long checked = renewed - renewAfter;
        long position = lease.position();
        handledTo(position);
        while (!isClosed()) {
            if (System.nanoTime() - renewed > renewAfter) {
                renewed = System.nanoTime();
                if (!checkpoints.renew(lease, settings.lease())) {
                    tell(watching -> watching.fenced(lease));
                    return;
                }
            }
            List<StoredEvent> events = store.getAllEvents(position, settings.batchSize());
            if (events.isEmpty()) {
                if (System.nanoTime() - checked > renewAfter) {
                    checked = System.nanoTime();
                    requireWhole(position);
                }
                pause(settings.poll().toNanos());
                continue;
            }
            long last = events.getLast().position();
            if (!handle(events, lease) || isFenced(lease, last)) {
                return;
            }
            position = last;
            tell(watching -> watching.handled(events.size(), last));
            handledTo(position);
        }
        checkpoints.release(lease);
    }

    /** A log that ends before what was handled would give those positions to other events. */
    private void requireWhole(long position) {
        long last = store.lastPosition();
        if (last < position) {
            throw new EventStoreFailure(
                    "the log ends at %d and %s had handled it up to %d: its end was lost"
                            .formatted(last, settings.subscription(), position),
                    null);
        }
    }

    private boolean isFenced(Checkpoints.Lease lease, long position) {
        if (checkpoints.advance(lease, position)) {
            return false;
        }
        tell(watching -> watching.fenced(lease));
        return true;
    }

    /** Hands a batch over until it succeeds; false if it was closed or fenced off before. */
    private boolean handle(List<StoredEvent> events, Checkpoints.Lease lease) {
        long pause = FIRST_PAUSE;
        while (true) {
            try {
                handler.handle(events, lease);
                return true;
            } catch (Throwable e) { // whatever a handler throws, the batch comes again
                failed(e);
            } finally {
                forgetInterrupt();
            }
            pause(pause);
            pause = Math.min(LONGEST_PAUSE, 2 * pause);
            if (isClosed()) {
                checkpoints.release(lease);
                return false;
            }
            if (!checkpoints.renew(lease, settings.lease())) {
                tell(watching -> watching.fenced(lease));
                return false;
            }
        }
    }

    private void failed(Throwable cause) {
        Exception told =
                cause instanceof Exception exception
                        ? exception
                        : new IllegalStateException("failed with an error", cause);
        complain("{0} failed and tries again: {1}", cause);
        tell(watching -> watching.failed(told));
    }

    /** What it throws changes nothing. */
    private void tell(Consumer<SubscriptionListener> what) {
        try {
            what.accept(listener);
        } catch (Throwable e) { // it only watches
            complain("the listener of {0} threw {1}", e);
        }
        forgetInterrupt();
    }

    /** Says so in the log, once a minute at most: whoever listens may say more. */
    private void complain(String what, Throwable cause) {
        if (System.nanoTime() - complainAt >= 0) {
            complainAt = System.nanoTime() + SILENCE;
            LOG.log(Level.WARNING, what, settings.subscription(), nameOf(cause));
        }
    }

    /** Its words may be a person's, or throw. */
    private static String nameOf(Throwable cause) {
        StackTraceElement[] at = cause.getStackTrace();
        return cause.getClass().getName() + (at.length == 0 ? "" : " at " + at[0]);
    }

    /** The thread is ours: what a handler or listener leaves interrupted must not end it. */
    private static void forgetInterrupt() {
        boolean unused = Thread.interrupted();
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
            // Only closing ends it: whoever kept the thread from a handler has no say in that.
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
