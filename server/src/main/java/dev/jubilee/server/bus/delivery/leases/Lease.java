package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.time.Instant;

/**
 * What somebody has taken of one delivery. By its end it is told from a later one of the same
 * delivery.
 */
public record Lease(long delivery, Instant end) {
    public static Lease of(Delivery taken) {
        return new Lease(taken.id(), taken.dueAt());
    }
}
