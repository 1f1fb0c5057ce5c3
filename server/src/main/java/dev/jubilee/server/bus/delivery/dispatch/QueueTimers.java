package dev.jubilee.server.bus.delivery.dispatch;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;

/**
 * The times at which queues are looked at although nothing has happened to them. For the
 * dispatcher's thread.
 */
final class QueueTimers {
    /** Tests move the clock by hand, so no wait is longer than this. */
    static final long TICK_MILLIS = 100;

    private final TreeSet<Wake> wakes =
            new TreeSet<>(Comparator.comparing(Wake::at).thenComparing(Wake::subscription));

    private record Wake(Instant at, UUID subscription) {}

    boolean isEmpty() {
        return wakes.isEmpty();
    }

    /** The number of queues that are to be looked at. */
    int size() {
        return wakes.size();
    }

    /** Schedules a look at the queue, unless an earlier one is scheduled. */
    void schedule(SubscriberQueue queue, Instant at) {
        if (queue.wakesAt == null || at.isBefore(queue.wakesAt)) {
            UUID subscription = queue.subscription().id();
            if (queue.wakesAt != null) {
                wakes.remove(new Wake(queue.wakesAt, subscription));
            }
            queue.wakesAt = at;
            wakes.add(new Wake(at, subscription));
        }
    }

    /** Takes out what is due. */
    List<UUID> due(Instant now, Map<UUID, SubscriberQueue> open) {
        List<UUID> due = new ArrayList<>();
        while (!wakes.isEmpty() && !wakes.first().at().isAfter(now)) {
            Wake next = wakes.removeFirst();
            due.add(next.subscription());
            SubscriberQueue queue = open.get(next.subscription());
            if (queue != null && next.at().equals(queue.wakesAt)) {
                queue.wakesAt = null;
            }
        }
        return due;
    }

    long millisUntilNext(Instant now) {
        if (wakes.isEmpty()) {
            return TICK_MILLIS;
        }
        return Math.clamp(Duration.between(now, wakes.first().at()).toMillis() + 1, 0, TICK_MILLIS);
    }
}
