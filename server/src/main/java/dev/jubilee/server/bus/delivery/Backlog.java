package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.Database;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
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
    public CompletableFuture<Loaded> load(Subscription subscription, Wanted wanted) {
        CompletableFuture<Loaded> loaded = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("delivery-load")
                .start(() -> {
                    try {
                        loaded.complete(read(subscription, wanted));
                    } catch (RuntimeException e) {
                        loaded.completeExceptionally(e);
                    }
                });
        return loaded;
    }

    /** Where order is kept, what is not due yet comes too: what follows it must wait behind it. */
    private Loaded read(Subscription subscription, Wanted wanted) {
        Instant now = clock.instant();
        UUID id = subscription.id();
        List<String> closed = clearance.closedTo(subscription, null);
        boolean ordered = subscription.ordering() == Subscription.Ordering.KEY;
        return database.read(connection -> {
            List<Delivery> first = List.of();
            long part = wanted.limit() == 0 ? wanted.bytes() : wanted.bytes() / 2;
            if (!wanted.first().isEmpty()) {
                first = PendingStore.read(connection, id, wanted.first(), closed, part);
            }
            boolean cut = !first.isEmpty() && Delivery.bytes(first) >= part;
            long rest = wanted.bytes() - Delivery.bytes(first);
            if (wanted.limit() == 0 || (!first.isEmpty() && rest <= 0)) {
                return new Loaded(first, cut, List.of(), now);
            }
            List<Delivery> others =
                    PendingStore.read(connection, id, ordered ? null : now, closed, wanted, rest);
            if (others.size() == wanted.limit()
                    || (!others.isEmpty() && Delivery.bytes(others) >= rest)) {
                return new Loaded(first, cut, others, now);
            }
            Instant next = ordered ? null : PendingStore.firstDueAfter(connection, id, now, closed);
            return new Loaded(first, cut, others, next);
        });
    }
}
