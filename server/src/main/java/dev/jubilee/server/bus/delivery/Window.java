package dev.jubilee.server.bus.delivery;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How much of what one subscriber is owed is in memory. A delivery that finds no room stays in
 * PostgreSQL, and everything after it too until that was caught up with: so order is kept. What is
 * of a parked key stays there until the key is let go, and keeps nothing else waiting. Shared by
 * the router, which puts in, and the dispatcher, which takes out.
 */
final class Window {
    /** Deliveries of one subscription in memory. */
    static final int SIZE = 1_000;

    private final AtomicInteger used = new AtomicInteger();
    private final AtomicLong left = new AtomicLong();
    private final Set<Long> loaded = ConcurrentHashMap.newKeySet();
    private final Set<String> parked = ConcurrentHashMap.newKeySet();

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

    /** Whether so much is here that only little more would fit. */
    boolean isCrowded() {
        return used.get() > SIZE / 2;
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

    /** What is routed to the key from now on waits in PostgreSQL. */
    void park(String key) {
        parked.add(key);
    }

    /** To be asked before a place is taken, as who lets a key go says first that it is behind. */
    boolean isParked(@Nullable String key) {
        return key != null && !parked.isEmpty() && parked.contains(key);
    }

    /** What waits in PostgreSQL of these keys is to be read before anything goes past it. */
    void letGo(List<String> keys) {
        leftBehind();
        keys.forEach(parked::remove);
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
