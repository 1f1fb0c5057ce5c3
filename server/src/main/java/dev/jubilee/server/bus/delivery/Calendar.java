package dev.jubilee.server.bus.delivery;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.UUID;

/** When which outlet is to be looked at, although nothing happened. For the dispatcher's thread. */
final class Calendar {
    /** Tests move the clock by hand, so no wait is longer than this. */
    static final long TICK_MILLIS = 100;

    private final PriorityQueue<Wake> wakes = new PriorityQueue<>(Comparator.comparing(Wake::at));

    private record Wake(Instant at, UUID subscription) {}

    boolean isEmpty() {
        return wakes.isEmpty();
    }

    /** One entry an outlet, unless it is to be looked at sooner. */
    void schedule(Outlet outlet, Instant at) {
        if (outlet.wakesAt == null || at.isBefore(outlet.wakesAt)) {
            outlet.wakesAt = at;
            wakes.add(new Wake(at, outlet.subscription().id()));
        }
    }

    /** Takes out what is due. */
    List<UUID> due(Instant now, Map<UUID, Outlet> open) {
        List<UUID> due = new ArrayList<>();
        for (Wake next = wakes.peek();
                next != null && !next.at().isAfter(now);
                next = wakes.peek()) {
            wakes.poll();
            due.add(next.subscription());
            Outlet outlet = open.get(next.subscription());
            if (outlet != null && next.at().equals(outlet.wakesAt)) {
                outlet.wakesAt = null;
            }
        }
        return due;
    }

    long millisUntilNext(Instant now) {
        Wake next = wakes.peek();
        if (next == null) {
            return TICK_MILLIS;
        }
        return Math.clamp(Duration.between(now, next.at()).toMillis() + 1, 0, TICK_MILLIS);
    }
}
