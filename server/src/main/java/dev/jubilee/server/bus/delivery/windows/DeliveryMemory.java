package dev.jubilee.server.bus.delivery.windows;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that events may take while they wait to be pushed, shared by all subscriptions that
 * this instance delivers to: however many endpoints are dead and however large the events are, the
 * program stays alive. Thread-safe.
 *
 * <p>A share may grow to a quarter of what is free, so there is always something left for whoever
 * comes later; one that holds nothing may always take one event.
 */
public final class DeliveryMemory {
    private static final int PART = 4;

    private final long size;
    private final AtomicLong taken = new AtomicLong();

    /**
     * @param size in bytes
     */
    public DeliveryMemory(long size) {
        this.size = size;
    }

    /** A share for one more subscription. */
    public Share share() {
        return new Share();
    }

    /** The bytes that all shares hold. */
    public long taken() {
        return taken.get();
    }

    /** The part of it that one subscription holds. Thread-safe. */
    final class Share {
        private long held;
        private boolean closed;

        /** Takes so many bytes for one event; false, and nothing taken, when it must wait. */
        synchronized boolean take(long bytes) {
            long free = size - taken.getAndAdd(bytes);
            if (closed || (held > 0 && PART * (held + bytes) > free)) {
                taken.addAndGet(-bytes);
                return false;
            }
            held += bytes;
            return true;
        }

        /** Takes all that it may, and returns how many bytes that are; perhaps none. */
        synchronized long takeMost() {
            while (!closed) {
                long now = taken.get();
                long most = Math.max(0, (size - now) / PART - held);
                if (taken.compareAndSet(now, now + most)) {
                    held += most;
                    return most;
                }
            }
            return 0;
        }

        /** Takes bytes that are in memory already, whether or not they are free. */
        synchronized void takeAnyway(long bytes) {
            if (!closed) {
                held += bytes;
                taken.addAndGet(bytes);
            }
        }

        synchronized void giveBack(long bytes) {
            if (!closed) {
                held -= bytes;
                taken.addAndGet(-bytes);
            }
        }

        /** Whether it holds more than half of what it may. */
        synchronized boolean isCrowded() {
            return held > 0 && 2 * PART * held > size - taken.get();
        }

        /** Gives back everything. What is given back later changes nothing. */
        synchronized void close() {
            taken.addAndGet(-held);
            held = 0;
            closed = true;
        }
    }
}
