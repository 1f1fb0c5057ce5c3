package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Loads deliveries that wait in PostgreSQL for subscriptions that are pushed to. Thread-safe. */
public final class Backlog implements DeliveryLoader {
    private final Database database;
    private final Clearance clearance;
    private final InstantSource clock;

    public Backlog(Database database, Clearance clearance, InstantSource clock) {
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
                    } catch (Throwable e) {
                        // An Error too: who waits would never load again.
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
        return database.read(connection -> {
            List<Delivery> first = List.of();
            long part = wanted.limit() == 0 ? wanted.bytes() : wanted.bytes() / 2;
            if (!wanted.first().isEmpty()) {
                first = BacklogQueries.read(connection, id, wanted.first(), closed, part);
            }
            boolean cut = !first.isEmpty() && Delivery.bytes(first) >= part;
            long rest = wanted.bytes() - Delivery.bytes(first);
            if (wanted.limit() == 0 || (!first.isEmpty() && rest <= 0)) {
                return new Loaded(first, cut, List.of(), wanted.plan(), now);
            }
            Others others = others(connection, subscription, closed, wanted, rest, now);
            return new Loaded(first, cut, others.read(), others.rest(), others.next());
        });
    }

    private record Others(List<Delivery> read, LoadPlan rest, @Nullable Instant next) {}

    private static Others others(
            Connection connection,
            Subscription subscription,
            List<String> closed,
            Wanted wanted,
            long bytes,
            Instant now)
            throws SQLException {
        UUID id = subscription.id();
        boolean ordered = isOrdered(subscription);
        Instant due = ordered ? null : now;
        List<Delivery> read =
                new ArrayList<>(
                        BacklogQueries.readHigh(
                                connection, id, ordered, due, closed, wanted, bytes));
        long rest = bytes - Delivery.bytes(read);
        if (read.size() == wanted.limit() || (!read.isEmpty() && rest <= 0)) {
            return new Others(read, wanted.plan(), now);
        }
        Wanted more = wanted.beside(read);
        boolean found = more.plan().holdsFor(closed);
        boolean full;
        LoadPlan left = LoadPlan.NONE;
        if (found || !ordered || !more.parked().isEmpty()) {
            LoadPlan plan =
                    found ? more.plan() : BacklogQueries.find(connection, id, due, closed, more);
            left = planned(connection, id, closed, more, plan, rest, read);
            // What came since it was found is in no plan.
            full = found || !left.isEmpty();
        } else {
            List<Delivery> inOrder = BacklogQueries.read(connection, id, due, closed, more, rest);
            read.addAll(inOrder);
            full =
                    inOrder.size() == more.limit()
                            || (!inOrder.isEmpty() && Delivery.bytes(inOrder) >= rest);
        }
        if (full) {
            return new Others(read, left, now);
        }
        Instant next = ordered ? null : BacklogQueries.firstDueAfter(connection, id, now, closed);
        return new Others(read, LoadPlan.NONE, next);
    }

    private static boolean isOrdered(Subscription subscription) {
        return subscription.ordering() == Subscription.Ordering.KEY;
    }

    /**
     * Reads the next deliveries of the plan, and returns the rest of the plan. Without it each page
     * would scan once more past rows that are parked or not due.
     */
    private static LoadPlan planned(
            Connection connection,
            UUID subscription,
            List<String> closed,
            Wanted wanted,
            LoadPlan plan,
            long bytes,
            List<Delivery> to)
            throws SQLException {
        List<Long> ids = plan.next(wanted.limit(), new HashSet<>(wanted.except()));
        if (ids.isEmpty()) {
            return LoadPlan.NONE;
        }
        List<Delivery> read = BacklogQueries.read(connection, subscription, ids, closed, bytes);
        to.addAll(read);
        boolean cut = !read.isEmpty() && Delivery.bytes(read) >= bytes;
        return plan.after(cut ? read.getLast().id() : ids.getLast());
    }
}
