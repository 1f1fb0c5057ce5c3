package dev.jubilee.server.bus.delivery.dispatch;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;

/** When which outlet is to be looked at, although nothing happened. For the dispatcher's thread. */
final class Calendar {
    /** Tests move the clock by hand, so no wait is longer than this. */
    static final long TICK_MILLIS = 100;

    private final TreeSet<Wake> wakes =
            new TreeSet<>(Comparator.comparing(Wake::at).thenComparing(Wake::subscription));

    private record Wake(Instant at, UUID subscription) {}

    boolean isEmpty() {
        return wakes.isEmpty();
    }

    /** How many outlets are to be looked at. */
    int size() {
        return wakes.size();
    }

    /** Has the outlet looked at then, if that is sooner than it would be. */
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
