package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.Database;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Loads what waits in PostgreSQL for the subscriptions that are pushed to. Thread-safe. */
final class Backlog implements Loads {
    private final Database database;
    private final Clearance clearance;
    private final InstantSource clock;

    Backlog(Database database, Clearance clearance, InstantSource clock) {
        this.database = database;
        this.clearance = clearance;
        this.clock = clock;
    }

    @Override
    public CompletableFuture<Loaded> load(Subscription subscription, int limit) {
        CompletableFuture<Loaded> loaded = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("delivery-load")
                .start(() -> {
                    try {
                        loaded.complete(take(subscription, limit));
                    } catch (RuntimeException e) {
                        loaded.completeExceptionally(e);
                    }
                });
        return loaded;
    }

    /** Where order is kept, what is not due yet comes too: what follows it must wait behind it. */
    private Loaded take(Subscription subscription, int limit) {
        Instant now = clock.instant();
        List<String> closed = clearance.closedTo(subscription, null);
        boolean ordered = subscription.ordering() == Subscription.Ordering.KEY;
        return database.transaction(connection -> {
            List<Delivery> taken =
                    PendingStore.take(
                            connection, subscription.id(), limit, ordered ? null : now, closed);
            Instant next =
                    PendingStore.firstDue(connection, subscription.id(), closed)
                            .map(due -> ordered ? now : due)
                            .orElse(null);
            return new Loaded(taken, next);
        });
    }
}
