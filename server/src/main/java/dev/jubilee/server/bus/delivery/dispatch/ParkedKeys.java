package dev.jubilee.server.bus.delivery.dispatch;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one subscription whose next event has failed and waits for its retry in PostgreSQL,
 * with everything behind it. That event alone is brought when it is due; when it is over, its key
 * is let go. An event without a key is parked by itself. For the dispatcher's thread.
 */
final class ParkedKeys {
    /** The most parked keys; others stay in the window. */
    static final int MOST = 2_000;

    private final DeliveryWindow window;
    private final Map<String, Parked> keys = new HashMap<>();

    /** Parked keys whose first delivery is not in memory, by that delivery's id. */
    private final Map<Long, Parked> heads = new HashMap<>();

    private final Set<Long> keyless = new HashSet<>();
    private final TreeSet<Parked> waiting =
            new TreeSet<>(
                    Comparator.comparing((Parked one) -> one.due)
                            .thenComparingLong(one -> one.head));
    private Deque<Parked> over = new ArrayDeque<>();

    /** One key, or one event that has none. */
    static final class Parked {
        private final @Nullable String key;
        private long head;
        private Instant due = Instant.MIN;

        /** Deliveries that were put back and whose rows are not committed yet. */
        private int writing;

        /**
         * The last routing transaction that may bring deliveries of the key without knowing that it
         * is parked.
         */
        private long batch;

        private boolean over;

        private Parked(@Nullable String key) {
            this.key = key;
        }
    }

    ParkedKeys(DeliveryWindow window) {
        this.window = window;
    }

    boolean hasRoomFor(int more) {
        return keys.size() + keyless.size() + more <= MOST;
    }

    /** Whether a delivery of the key has to wait in PostgreSQL now. */
    boolean isParked(@Nullable String key) {
        return !keys.isEmpty() && key != null && keys.containsKey(key);
    }

    /** Whether the delivery waits in PostgreSQL until it is brought as the first of its key. */
    boolean isHeld(Delivery one) {
        return isParked(one.key()) || keyless.contains(one.id());
    }

    /** The keys that are not read with the backlog. */
    Set<String> keys() {
        return keys.keySet();
    }

    /** The deliveries without a key that are not read with the backlog. */
    Set<Long> keyless() {
        return keyless;
    }

    /**
     * The delivery leaves memory, and so do its followers.
     *
     * @param keyed whether it has followers
     */
    void park(Delivery head, boolean keyed, Instant due) {
        String key = keyed ? head.key() : null;
        Parked one = key == null ? new Parked(null) : keys.computeIfAbsent(key, Parked::new);
        one.head = head.id();
        one.due = due;
        heads.put(one.head, one);
        if (key == null) {
            keyless.add(one.head);
        } else {
            window.park(key);
        }
    }

    /**
     * The recorder is about to write that the delivery waits.
     *
     * @param batch the last routing transaction that may bring deliveries of the key without
     *     knowing that it is parked
     * @return what to tell {@link #written}
     */
    Parked puttingBack(Delivery one, long batch) {
        Parked head = heads.get(one.id());
        Parked parked = head == null ? keys.get(one.key()) : head;
        if (parked == null) {
            throw new IllegalArgumentException("delivery " + one.id() + " is of no parked key");
        }
        parked.writing++;
        parked.batch = batch;
        return parked;
    }

    /** It is committed that the delivery waits. */
    void written(Parked parked, long delivery) {
        parked.writing--;
        if (!parked.over && parked == heads.get(delivery)) {
            waiting.add(parked);
        }
    }

    boolean isDue(Instant now) {
        return !waiting.isEmpty() && !waiting.first().due.isAfter(now);
    }

    /** Makes all of them due, then at the latest. */
    void hurry(Instant latest) {
        List<Parked> all = List.copyOf(waiting);
        waiting.clear();
        for (Parked one : heads.values()) {
            one.due = one.due.isAfter(latest) ? latest : one.due;
        }
        waiting.addAll(all);
    }

    /** When the first of them is to be brought; null when none is. */
    @Nullable Instant nextDue() {
        return waiting.isEmpty() ? null : waiting.first().due;
    }

    /** Takes out the ids of what is to be brought now. */
    List<Long> due(Instant now, int most) {
        List<Long> due = new ArrayList<>();
        while (due.size() < most && isDue(now)) {
            due.add(waiting.removeFirst().head);
        }
        return due;
    }

    /** The first delivery of a parked key is in memory. */
    void brought(long head) {
        heads.remove(head);
        keyless.remove(head);
    }

    /** These deliveries could not be loaded, and still have to be. */
    void notBrought(Collection<Long> ids) {
        for (long id : ids) {
            Parked parked = heads.get(id);
            if (parked != null && !parked.over) {
                waiting.add(parked);
            }
        }
    }

    /** The delivery is gone, or the subscription may not get it any more: nothing waits for it. */
    void gone(long head) {
        Parked parked = heads.get(head);
        if (parked != null) {
            end(parked);
        }
    }

    /** Nothing of the key is in memory any more. */
    void finished(String key) {
        Parked parked = keys.isEmpty() ? null : keys.get(key);
        if (parked != null && !heads.containsKey(parked.head)) {
            end(parked);
        }
    }

    /** Order is not kept any more: everything may be read as it is due. */
    void endAll() {
        List.copyOf(heads.values()).forEach(this::end);
        List.copyOf(keys.values()).forEach(this::end);
    }

    private void end(Parked parked) {
        if (!parked.over) {
            parked.over = true;
            waiting.remove(parked);
            over.add(parked);
        }
        heads.remove(parked.head, parked);
    }

    boolean hasEnded() {
        return !over.isEmpty();
    }

    /**
     * The keys that may be let go: all their rows are committed, and no routing transaction is
     * under way that may bring more of them.
     *
     * @param routed the number up to which every routing transaction has ended
     */
    List<Parked> ended(long routed) {
        List<Parked> ready = new ArrayList<>();
        Deque<Parked> rest = new ArrayDeque<>();
        over.forEach(one -> {
            if (one.writing == 0 && one.batch <= routed) {
                ready.add(one);
            } else {
                rest.add(one);
            }
        });
        over = rest;
        return ready;
    }

    /**
     * Lets the keys go: what waits of them is read from now on. A key of which something was put
     * back meanwhile stays.
     */
    void letGo(List<Parked> ended) {
        List<String> free = new ArrayList<>();
        for (Parked one : ended) {
            if (one.writing > 0) {
                over.add(one);
                continue;
            }
            if (one.key != null) {
                keys.remove(one.key);
                free.add(one.key);
            } else {
                keyless.remove(one.head);
            }
        }
        window.letGo(free);
    }
}
