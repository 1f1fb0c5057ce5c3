package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.time.Instant;

/** A lease of one delivery. Its end tells it from a later lease of the same delivery. */
public record Lease(long delivery, Instant end) {
    public static Lease of(Delivery taken) {
        return new Lease(taken.id(), taken.dueAt());
    }
}
