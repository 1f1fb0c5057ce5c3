package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Brings from PostgreSQL what waits for a subscription. */
@FunctionalInterface
interface Loads {
    /** Takes up to so many; those of a key that waits come along, if order is kept. */
    CompletableFuture<Loaded> load(Subscription subscription, int limit);

    /**
     * What was brought.
     *
     * @param next when the first of what is left is due; null when nothing is left
     */
    record Loaded(List<Delivery> deliveries, @Nullable Instant next) {}
}
