package dev.jubilee.server.bus.delivery.routing;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** Counts what is routed. Thread-safe. */
public final class RoutingMetrics {
    private final Counter read;
    private final Counter owed;

    public RoutingMetrics(MeterRegistry registry) {
        this.read =
                Counter.builder("event_bus_routed_events")
                        .description("Events that were held against the subscriptions")
                        .register(registry);
        this.owed =
                Counter.builder("event_bus_deliveries_owed")
                        .description("Deliveries that these events made due")
                        .register(registry);
    }

    void routed(int events, int deliveries) {
        read.increment(events);
        owed.increment(deliveries);
    }
}
