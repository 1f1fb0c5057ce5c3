package dev.jubilee.server.bus.delivery.windows;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How much of what one subscriber is owed is in memory, by number and, with all other windows, by
 * bytes; one that is empty has room for one event. A delivery that finds no room stays in
 * PostgreSQL, and everything after it too until that was caught up with: so order is kept. What is
 * of a parked key stays there until the key is let go, and keeps nothing else waiting. Shared by
 * the router, which puts in, and the dispatcher, which takes out.
 */
public final class Window {
    /** Deliveries of one subscription in memory. */
    public static final int SIZE = 1_000;

    private final DeliveryMemory.Share memory;
    private final AtomicInteger used = new AtomicInteger();
    private final AtomicLong left = new AtomicLong();

    /** What waits in PostgreSQL too, and how often that is yet to be written of it. */
    private final Map<Long, Integer> loaded = new ConcurrentHashMap<>();

    private final Set<String> parked = ConcurrentHashMap.newKeySet();

    /** Something may wait in PostgreSQL. True until somebody has looked. */
    private volatile boolean behind = true;

    private volatile boolean abandoned;

    /** Of which the number alone is bounded. */
    public Window() {
        this(new DeliveryMemory(Long.MAX_VALUE).share());
    }

    /**
     * @param memory closed with it
     */
    public Window(DeliveryMemory.Share memory) {
        this.memory = memory;
    }

    /** Takes a place for the delivery, if it may come straight into memory. */
    public boolean reserve(Delivery one) {
        if (!reserve()) {
            return false;
        }
        if (memory.take(one.bytes())) {
            return true;
        }
        used.decrementAndGet();
        return false;
    }

    /** Takes a place, if a delivery may come straight into memory, whatever its size. */
    public boolean reserve() {
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
    public int reserveUpTo(int most) {
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

    /**
     * Takes the bytes that may be loaded, beside places, and returns how many: half of those there
     * are, as what is routed meanwhile needs some too.
     */
    public long reserveBytes() {
        long most = memory.takeMost();
        memory.giveBack(most - most / 2);
        return most / 2;
    }

    /** Gives back places, whatever their size. */
    public void release(int places) {
        used.addAndGet(-places);
    }

    public void release(Delivery one) {
        used.decrementAndGet();
        memory.giveBack(one.bytes());
    }

    /** It had a place in a window that was before this one. */
    public void adopt(Delivery one) {
        used.incrementAndGet();
        memory.takeAnyway(one.bytes());
    }

    /** Whether so much is here that only little more would fit. */
    public boolean isCrowded() {
        return used.get() > SIZE / 2 || memory.isCrowded();
    }

    /** The subscription is another's to deliver to: what has a place here goes nowhere. */
    public void abandon() {
        abandoned = true;
        forget();
    }

    /** What is here takes no memory of deliveries any more. */
    public void forget() {
        memory.close();
    }

    public boolean isAbandoned() {
        return abandoned;
    }

    int used() {
        return used.get();
    }

    /**
     * These came from PostgreSQL, where they wait until it is written what came of them.
     *
     * @param places reserved for them
     * @param bytes reserved for them
     */
    public void loaded(List<Delivery> deliveries, int places, long bytes) {
        deliveries.forEach(one -> loaded.merge(one.id(), 1, Integer::sum));
        memory.takeAnyway(Delivery.bytes(deliveries));
        memory.giveBack(bytes);
        release(places - deliveries.size());
    }

    /** What came of it is written. */
    public void written(long delivery) {
        loaded.computeIfPresent(delivery, (id, times) -> times == 1 ? null : times - 1);
    }

    /**
     * It is not here any more once it is written that it waits, which may be read before that is
     * told: who reads it then has it until {@link #written} is told of that as well.
     */
    public void leaves(long delivery) {
        loaded.putIfAbsent(delivery, 1);
    }

    /** What is here although it waits in PostgreSQL too. */
    public Set<Long> loaded() {
        return loaded.keySet();
    }

    /** What is routed to the key from now on waits in PostgreSQL. */
    public void park(String key) {
        parked.add(key);
    }

    /** To be asked before a place is taken, as who lets a key go says first that it is behind. */
    public boolean isParked(@Nullable String key) {
        return key != null && !parked.isEmpty() && parked.contains(key);
    }

    /** What waits in PostgreSQL of these keys is to be read before anything goes past it. */
    public void letGo(List<String> keys) {
        leftBehind();
        keys.forEach(parked::remove);
    }

    /** Something was left in PostgreSQL. */
    public synchronized void leftBehind() {
        left.incrementAndGet();
        behind = true;
    }

    public boolean isBehind() {
        return behind;
    }

    /** To be handed to {@link #caughtUp} after a look at PostgreSQL that began afterwards. */
    public long mark() {
        return left.get();
    }

    /** Nothing was found, unless something was left there since. */
    public synchronized void caughtUp(long mark) {
        // Not for a moment otherwise: what is placed in that moment would go past what was left.
        if (left.get() == mark) {
            behind = false;
        }
    }
}
