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
 * Bounds the deliveries of one subscriber in memory, by count and, shared with all windows, by
 * bytes; an empty one has room for one event of any size. One that does not fit stays in
 * PostgreSQL, and so does everything after it until the backlog was read: this keeps order. Parked
 * keys are exempt: their deliveries stay in PostgreSQL, and keep no others waiting. The router
 * adds, the dispatcher removes. Thread-safe.
 */
public final class DeliveryWindow {
    /** The most deliveries of one subscription in memory. */
    public static final int SIZE = 1_000;

    private final DeliveryMemory.Share memory;
    private final AtomicInteger used = new AtomicInteger();
    private final AtomicLong left = new AtomicLong();

    /**
     * Deliveries that wait in PostgreSQL too, and how many outcomes of each are still to be
     * committed.
     */
    private final Map<Long, Integer> loaded = new ConcurrentHashMap<>();

    private final Set<String> parked = ConcurrentHashMap.newKeySet();

    /** PostgreSQL may hold deliveries that are not here. True until a look has found none. */
    private volatile boolean behind = true;

    private volatile boolean abandoned;

    /** A window that is bounded by count alone. */
    public DeliveryWindow() {
        this(new DeliveryMemory(Long.MAX_VALUE).share());
    }

    /**
     * @param memory closed with it
     */
    public DeliveryWindow(DeliveryMemory.Share memory) {
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

    /** Takes up to so many of the free places, and returns how many. */
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
     * Takes bytes for a load, beside its places, and returns how many: half of what there is, since
     * what is routed meanwhile needs some too.
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

    /**
     * Takes over a delivery from a former window of the subscription, whether or not there is room.
     */
    public void adopt(Delivery one) {
        used.incrementAndGet();
        memory.takeAnyway(one.bytes());
    }

    /** Whether it is more than half full, by count or by bytes. */
    public boolean isCrowded() {
        return used.get() > SIZE / 2 || memory.isCrowded();
    }

    /**
     * Another instance delivers to the subscription: nothing that has a place here is sent from
     * here.
     */
    public void abandon() {
        abandoned = true;
        forget();
    }

    /** Gives back the bytes of its deliveries, once and for all. */
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
     * These deliveries were loaded. They wait in PostgreSQL until their outcome is committed.
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

    /** An outcome of the delivery was committed. */
    public void written(long delivery) {
        loaded.computeIfPresent(delivery, (id, times) -> times == 1 ? null : times - 1);
    }

    /**
     * The delivery leaves memory as soon as it is committed that it waits. A load may read its row
     * before {@link #written} tells of that commit; then it counts as loaded until the next outcome
     * is committed as well.
     */
    public void leaves(long delivery) {
        loaded.putIfAbsent(delivery, 1);
    }

    /** The deliveries that are here and wait in PostgreSQL too. */
    public Set<Long> loaded() {
        return loaded.keySet();
    }

    /** Parks the key: what is routed to it from now on waits in PostgreSQL. */
    public void park(String key) {
        parked.add(key);
    }

    /**
     * Whether the key is parked. Ask before a place is taken: a key is let go only after the window
     * was put behind.
     */
    public boolean isParked(@Nullable String key) {
        return key != null && !parked.isEmpty() && parked.contains(key);
    }

    /**
     * Lets keys go, having put the window behind: what waits of them is read before anything goes
     * past it.
     */
    public void letGo(List<String> keys) {
        leftBehind();
        keys.forEach(parked::remove);
    }

    /** Puts the window behind: a delivery stayed in PostgreSQL. */
    public synchronized void leftBehind() {
        left.incrementAndGet();
        behind = true;
    }

    public boolean isBehind() {
        return behind;
    }

    /** A mark for {@link #caughtUp}, to be taken before a look at PostgreSQL. */
    public long mark() {
        return left.get();
    }

    /**
     * A look at PostgreSQL found nothing left: the window is level, unless something was left there
     * since the mark.
     */
    public synchronized void caughtUp(long mark) {
        // Not for a moment otherwise: what is placed in that moment would go past what was left.
        if (left.get() == mark) {
            behind = false;
        }
    }
}
