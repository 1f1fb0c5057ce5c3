package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Brings from PostgreSQL what waits for a subscription. */
@FunctionalInterface
interface Loads {
    /**
     * Reads up to so many; those of a key that waits come along, if order is kept.
     *
     * @param except ids of what was read before
     */
    CompletableFuture<Loaded> load(Subscription subscription, int limit, Collection<Long> except);

    /**
     * What was brought.
     *
     * @param next when the first of what is left is due; null when nothing is left
     */
    record Loaded(List<Delivery> deliveries, @Nullable Instant next) {}
}
