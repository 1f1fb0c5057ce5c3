package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Loads deliveries that wait in PostgreSQL. */
@FunctionalInterface
public interface DeliveryLoader {
    /** Reads what is wanted; what is not due comes along, if order is kept. */
    CompletableFuture<Loaded> load(Subscription subscription, Wanted wanted);

    /**
     * A request to load.
     *
     * @param first ids of what comes whatever else waits
     * @param limit of others, from the first on; 0 for none
     * @param bytes of all; one comes however large it is, and the last may go beyond it
     * @param except ids of others that are not read
     * @param parked keys of others that are not read
     * @param plan which others are next, if that was found before
     */
    record Wanted(
            List<Long> first,
            int limit,
            long bytes,
            Collection<Long> except,
            Collection<String> parked,
            LoadPlan plan) {
        /** How many deliveries that are at most. */
        public int places() {
            return first.size() + limit;
        }

        /** What is still wanted when these were read. */
        Wanted beside(List<Delivery> there) {
            List<Long> known = new ArrayList<>(except);
            there.forEach(one -> known.add(one.id()));
            return new Wanted(first, limit - there.size(), bytes, known, parked, plan);
        }
    }

    /**
     * The result of a load.
     *
     * @param first what is there of that
     * @param cut whether there may be more of it
     * @param rest which others are next
     * @param next when the first of what is left of the others is due; null when nothing is left
     */
    record Loaded(
            List<Delivery> first,
            boolean cut,
            List<Delivery> others,
            LoadPlan rest,
            @Nullable Instant next) {}
}
