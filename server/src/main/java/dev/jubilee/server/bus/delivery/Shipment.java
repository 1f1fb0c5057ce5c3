package dev.jubilee.server.bus.delivery;

import java.time.Instant;
import java.util.List;

/**
 * What is sent at once: one delivery, or several where batching is enabled. It is tried again as it
 * is, so that its id stays the same.
 */
record Shipment(List<Delivery> deliveries, int attempts, Instant dueAt) {
    Shipment {
        deliveries = List.copyOf(deliveries);
    }

    static Shipment of(Delivery one) {
        return new Shipment(List.of(one), one.attempts(), one.dueAt());
    }

    Shipment after(int made, Instant due) {
        return new Shipment(
                deliveries.stream().map(one -> one.after(made, due)).toList(), made, due);
    }

    int size() {
        return deliveries.size();
    }
}
