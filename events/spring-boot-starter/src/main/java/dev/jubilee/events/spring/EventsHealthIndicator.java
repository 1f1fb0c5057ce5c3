package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.store.EventStore;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Up while the transport's server and the event store answer, and every handler is subscribed. Asks
 * them each time.
 */
final class EventsHealthIndicator extends AbstractHealthIndicator {
    private final EventBus bus;
    private final Transports transports;
    private final HandlerSubscriptions subscriptions;
    private final @Nullable EventStore store;

    EventsHealthIndicator(
            EventBus bus,
            Transports transports,
            HandlerSubscriptions subscriptions,
            @Nullable EventStore store) {
        super("the events are not well");
        this.bus = bus;
        this.transports = transports;
        this.subscriptions = subscriptions;
        this.store = store;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) throws Exception {
        long handlers = subscriptions.active();
        health.withDetail("handlers", handlers);
        Optional<BusTransport> transport = transports.transportOf(bus);
        if (transport.isPresent()) {
            health.withDetail("transport", transport.get().name());
            transport.get().check(bus);
        }
        if (store != null) {
            health.withDetail("lastPosition", store.lastPosition());
        }
        if (handlers == subscriptions.wanted()) {
            health.up();
        } else {
            health.down();
        }
    }
}
