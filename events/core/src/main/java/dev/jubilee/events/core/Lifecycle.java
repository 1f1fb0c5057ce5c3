package dev.jubilee.events.core;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether a bus is open, and which threads are its handlers'. Those may publish until everything is
 * handled, and none waits for a handler that may be waiting for it. Thread-safe.
 */
public final class Lifecycle {
    private enum State {
        OPEN,
        CLOSING,
        CLOSED
    }

    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Set<Thread> handlers = ConcurrentHashMap.newKeySet();

    /** Whether nobody has begun to close the bus. */
    public boolean isOpen() {
        return state.get() == State.OPEN;
    }

    /** Whether the current thread is one in which the bus calls handlers. */
    public boolean isHandler() {
        return handlers.contains(Thread.currentThread());
    }

    /**
     * Lets in whoever comes while the bus is open.
     *
     * @throws IllegalStateException if it is not
     */
    public void requireOpen() {
        if (!isOpen()) {
            throw new IllegalStateException("the bus is closed");
        }
    }

    /**
     * Lets in who publishes: anybody while the bus is open, and its handlers while it closes.
     *
     * @throws IllegalStateException if it is closed
     */
    public void requireTaking() {
        if (!isOpen() && (state.get() == State.CLOSED || !isHandler())) {
            throw new IllegalStateException("the bus is closed");
        }
    }

    /**
     * Closes once. Whoever else wants to close waits until that is done; a handler does not,
     * because it may be what the closing waits for.
     *
     * @param closing waits for the handlers, except the one that calls it
     */
    public void close(Runnable closing) {
        if (state.compareAndSet(State.OPEN, State.CLOSING)) {
            try {
                closing.run();
            } finally {
                state.set(State.CLOSED);
                closed.countDown();
            }
        } else if (!isHandler()) {
            awaitClosed();
        }
    }

    private void awaitClosed() {
        boolean interrupted = false;
        while (closed.getCount() > 0) {
            try {
                closed.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void begins(Thread handler) {
        handlers.add(handler);
    }

    void ends(Thread handler) {
        handlers.remove(handler);
    }
}
