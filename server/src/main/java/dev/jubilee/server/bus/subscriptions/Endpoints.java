package dev.jubilee.server.bus.subscriptions;

import org.jspecify.annotations.Nullable;

/** Says where events may be brought. Thread-safe. */
public interface Endpoints {
    /** What is wrong with the endpoint; null when nothing is. May resolve its name. */
    @Nullable String fault(DeliveryMethod method, String endpoint);

    /** Why the method cannot be had here; null when it can. */
    @Nullable String fault(DeliveryMethod method);
}
