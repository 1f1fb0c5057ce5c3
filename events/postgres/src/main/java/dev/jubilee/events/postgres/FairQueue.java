package dev.jubilee.events.postgres;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue that is emptied by one thread and serves its keys in turn: each key's items stay
 * in order, and however much waits for one key, another's first item is in the next batch.
 *
 * <p>Any thread may offer, without a lock; everything else is for the one that takes.
 */
final class FairQueue<T, R> {
    /** The count of a share that has been given up; whoever meets it looks the key up again. */
    private static final int RETIRED = -1;

    private final int capacity;
    private final AtomicInteger size = new AtomicInteger();
    private final ConcurrentMap<Object, Share<T, R>> shares = new ConcurrentHashMap<>();
    private final Queue<Submission<T, R>> arrivals = new ConcurrentLinkedQueue<>();

    /** Shares with something to take, in the order of their turns. */
    private final Deque<Share<T, R>> turns = new ArrayDeque<>();

    FairQueue(int capacity) {
        this.capacity = capacity;
    }

    /** What waits for one key. */
    static final class Share<T, R> {
        private final Object key;
        private final AtomicInteger count = new AtomicInteger();
        private final Deque<Submission<T, R>> waiting = new ArrayDeque<>();

        Share(Object key) {
            this.key = key;
        }
    }

    /** Reserves a place; null if there is none for this key. A place must be used by put. */
    @Nullable Share<T, R> reserve(Object key) {
        int total = size.incrementAndGet();
        if (total > capacity) {
            size.decrementAndGet();
            return null;
        }
        while (true) {
            Share<T, R> share = shares.get(key);
            if (share == null) {
                share = shares.computeIfAbsent(key, Share::new);
            }
            int count = share.count.get();
            if (count == RETIRED) {
                Thread.onSpinWait();
                continue;
            }
            if (total > (capacity + 1) / 2 && count >= limit()) {
                size.decrementAndGet();
                return null;
            }
            if (share.count.compareAndSet(count, count + 1)) {
                return share;
            }
        }
    }

    /** With so many keys, each may have this many; the rest is kept for the next key to come. */
    private int limit() {
        return Math.max(1, capacity / (shares.size() + 1));
    }

    void put(Submission<T, R> submission) {
        arrivals.add(submission);
    }

    /** Gives a reserved place back. */
    void release(Share<T, R> share) {
        size.decrementAndGet();
        if (share.count.decrementAndGet() == 0 && share.count.compareAndSet(0, RETIRED)) {
            shares.remove(share.key, share);
        }
    }

    /** How many places are taken. */
    int size() {
        return size.get();
    }

    /** Whether nothing has arrived, apart from what was seen before. */
    boolean nothingArrived() {
        return arrivals.isEmpty();
    }

    /** Takes up to so many, one a key in turn, and gives their places back. */
    void take(int most, List<Submission<T, R>> into) {
        sortArrivals();
        while (into.size() < most) {
            Share<T, R> share = turns.poll();
            if (share == null) {
                return;
            }
            Submission<T, R> next = share.waiting.remove();
            if (!share.waiting.isEmpty()) {
                turns.add(share);
            }
            release(share);
            into.add(next);
        }
    }

    /** Takes out what has no use any more, wherever it waits. */
    void sweep(Predicate<Submission<T, R>> useless) {
        sortArrivals();
        turns.removeIf(share -> {
            share.waiting.removeIf(submission -> {
                boolean drop = useless.test(submission);
                if (drop) {
                    release(share);
                }
                return drop;
            });
            return share.waiting.isEmpty();
        });
    }

    private void sortArrivals() {
        Submission<T, R> arrival;
        while ((arrival = arrivals.poll()) != null) {
            Share<T, R> share = arrival.share;
            if (share.waiting.isEmpty()) {
                turns.add(share);
            }
            share.waiting.add(arrival);
        }
    }
}
