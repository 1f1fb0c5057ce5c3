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
 * The times at which outlets are looked at although nothing has happened to them. For the
 * dispatcher's thread.
 */
final class Calendar {
    /** Tests move the clock by hand, so no wait is longer than this. */
    static final long TICK_MILLIS = 100;

    private final TreeSet<Wake> wakes =
            new TreeSet<>(Comparator.comparing(Wake::at).thenComparing(Wake::subscription));

    private record Wake(Instant at, UUID subscription) {}

    boolean isEmpty() {
        return wakes.isEmpty();
    }

    /** The number of outlets that are to be looked at. */
    int size() {
        return wakes.size();
    }

    /** Schedules a look at the outlet, unless an earlier one is scheduled. */
    void schedule(Outlet outlet, Instant at) {
        if (outlet.wakesAt == null || at.isBefore(outlet.wakesAt)) {
            UUID subscription = outlet.subscription().id();
            if (outlet.wakesAt != null) {
                wakes.remove(new Wake(outlet.wakesAt, subscription));
            }
            outlet.wakesAt = at;
            wakes.add(new Wake(at, subscription));
        }
    }

    /** Takes out what is due. */
    List<UUID> due(Instant now, Map<UUID, Outlet> open) {
        List<UUID> due = new ArrayList<>();
        while (!wakes.isEmpty() && !wakes.first().at().isAfter(now)) {
            Wake next = wakes.removeFirst();
            due.add(next.subscription());
            Outlet outlet = open.get(next.subscription());
            if (outlet != null && next.at().equals(outlet.wakesAt)) {
                outlet.wakesAt = null;
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
