package dev.jubilee.server.bus.delivery.clearance;

import dev.jubilee.server.bus.subscriptions.Subscription;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Remembers which topics were closed to each subscription, and tells which subscriptions one has
 * opened to. Thread-safe.
 */
public final class ClosedTopics {
    private final Clearance clearance;
    private Map<UUID, List<String>> closed = new HashMap<>();

    public ClosedTopics(Clearance clearance) {
        this.clearance = clearance;
    }

    /** Remembers the topics that are closed to subscriptions that are new. */
    public synchronized void heed(Collection<Subscription> all) {
        for (Subscription one : all) {
            if (!closed.containsKey(one.id()) && clearance.concerns(one)) {
                closed.put(one.id(), clearance.closedTo(one, null));
            }
        }
    }

    /** The subscriptions to which a topic may have opened since the last call. */
    public synchronized List<UUID> since(Collection<Subscription> all) {
        Map<UUID, List<String>> now = new HashMap<>();
        List<UUID> concerned = new ArrayList<>();
        for (Subscription one : all) {
            if (clearance.concerns(one)) {
                List<String> still = clearance.closedTo(one, null);
                List<String> before = closed.get(one.id());
                if (before == null || !Set.copyOf(still).containsAll(before)) {
                    concerned.add(one.id());
                }
                now.put(one.id(), still);
            }
        }
        closed = now;
        return concerned;
    }
}
