package dev.jubilee.server.bus.subscriptions;

import org.jspecify.annotations.Nullable;

/** Says where webhooks may go. Thread-safe. */
@FunctionalInterface
public interface Endpoints {
    /** What is wrong with the endpoint; null when nothing is. May resolve its name. */
    @Nullable String fault(String endpoint);
}
