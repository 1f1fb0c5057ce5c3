package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.Database;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
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

    /**
     * High priority first. Where order is kept, what is not due yet comes too: what follows it must
     * wait behind it.
     */
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
            Instant due = ordered ? null : now;
            List<Delivery> others =
                    new ArrayList<>(
                            PendingStore.readHigh(
                                    connection, id, ordered, due, closed, wanted, rest));
            rest -= Delivery.bytes(others);
            if (others.size() == wanted.limit() || (!others.isEmpty() && rest <= 0)) {
                return new Loaded(first, cut, others, now);
            }
            Wanted more = wanted.beside(others);
            List<Delivery> inOrder = PendingStore.read(connection, id, due, closed, more, rest);
            others.addAll(inOrder);
            if (inOrder.size() == more.limit()
                    || (!inOrder.isEmpty() && Delivery.bytes(inOrder) >= rest)) {
                return new Loaded(first, cut, others, now);
            }
            Instant next = ordered ? null : PendingStore.firstDueAfter(connection, id, now, closed);
            return new Loaded(first, cut, others, next);
        });
    }
}
