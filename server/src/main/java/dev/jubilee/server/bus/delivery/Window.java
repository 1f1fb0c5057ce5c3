package dev.jubilee.server.bus.delivery;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of what one subscriber is owed is in memory. A delivery that finds no room stays in
 * PostgreSQL, and everything after it too until that was caught up with: so order is kept. Shared
 * by the router, which puts in, and the dispatcher, which takes out.
 */
final class Window {
    /** Deliveries of one subscription in memory. */
    static final int SIZE = 1_000;

    private final AtomicInteger used = new AtomicInteger();
    private final AtomicLong left = new AtomicLong();
    private final Set<Long> loaded = ConcurrentHashMap.newKeySet();

    /** Something may wait in PostgreSQL. True until somebody has looked. */
    private volatile boolean behind = true;

    private volatile boolean abandoned;

    /** Takes a place for one delivery, if it may come straight into memory. */
    boolean reserve() {
        if (behind || abandoned) {
            return false;
        }
        if (used.incrementAndGet() > SIZE) {
            used.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Takes so many of the places that are free. */
    int reserveUpTo(int most) {
        while (true) {
            int now = used.get();
            int take = Math.min(most, SIZE - now);
            if (take <= 0) {
                return 0;
            }
            if (used.compareAndSet(now, now + take)) {
                return take;
            }
        }
    }

    void release(int places) {
        used.addAndGet(-places);
    }

    /** The subscription is another's to deliver to: what has a place here goes nowhere. */
    void abandon() {
        abandoned = true;
    }

    boolean isAbandoned() {
        return abandoned;
    }

    int used() {
        return used.get();
    }

    /** These came from PostgreSQL, where they wait until it is written what came of them. */
    void loaded(List<Delivery> deliveries) {
        deliveries.forEach(one -> loaded.add(one.id()));
    }

    /** What came of it is written. */
    void written(long delivery) {
        loaded.remove(delivery);
    }

    /** What is here although it waits in PostgreSQL too. */
    Set<Long> loaded() {
        return loaded;
    }

    /** Something was left in PostgreSQL. */
    void leftBehind() {
        left.incrementAndGet();
        behind = true;
    }

    boolean isBehind() {
        return behind;
    }

    /** To be handed to {@link #caughtUp} after a look at PostgreSQL that began afterwards. */
    long mark() {
        return left.get();
    }

    /** Nothing was found, unless something was left there since. */
    synchronized void caughtUp(long mark) {
        behind = false;
        if (left.get() != mark) {
            behind = true;
        }
    }
}
