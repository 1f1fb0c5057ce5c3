package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TransportGuarantees;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.springframework.context.SmartLifecycle;

/**
 * Subscribes the application's handlers when it starts. When the application closes, the bus is
 * drained and closed, while everything that handlers need is still there. When it is only stopped,
 * to be started again, the subscriptions end and the bus stays open.
 *
 * <p>Handlers are there before a web server takes requests, and until it has answered the last one.
 * Draining takes at most {@code spring.lifecycle.timeout-per-shutdown-phase}; the application then
 * closes without what is left. Thread-safe.
 */
final class HandlerSubscriptions implements SmartLifecycle {
    /** Started before web servers, which have 1,024 and 2,048 less than the last, and after all. */
    private static final int PHASE = DEFAULT_PHASE - 3072;

    private final EventBus bus;
    private final Transports transports;
    private final HandlerBeans handlers;
    private final boolean durableWherePossible;
    private final BooleanSupplier closing;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private int wanted;
    private boolean running;

    /** Whether the application is closing for good, is asked when it stops. */
    HandlerSubscriptions(
            EventBus bus,
            Transports transports,
            HandlerBeans handlers,
            boolean durableWherePossible,
            BooleanSupplier closing) {
        this.bus = bus;
        this.transports = transports;
        this.handlers = handlers;
        this.durableWherePossible = durableWherePossible;
        this.closing = closing;
    }

    @Override
    public synchronized void start() {
        if (running) {
            return;
        }
        List<HandlerBeans.Found> all = handlers.all();
        wanted = all.size();
        for (HandlerBeans.Found found : all) {
            try {
                subscriptions.add(
                        bus.subscribe(
                                found.pattern(), optionsOf(found.options()), found.handler()));
            } catch (IllegalArgumentException e) {
                end();
                throw new IllegalStateException(
                        "%s cannot be subscribed: %s".formatted(found.place(), e.getMessage()), e);
            } catch (RuntimeException e) {
                end();
                throw e;
            }
        }
        running = true;
    }

    private SubscriptionOptions optionsOf(SubscriptionOptions options) {
        boolean stores =
                bus.guarantees().durability() instanceof TransportGuarantees.Durability.Stored;
        return stores || !durableWherePossible
                ? options
                : new SubscriptionOptions(
                        null, options.mode(), options.workers(), options.capacity());
    }

    @Override
    public void stop() {
        if (closing.getAsBoolean()) {
            transports.close(bus);
        }
        end();
    }

    /** In a thread of its own, so that a handler that never ends does not hold up the rest. */
    @Override
    public void stop(Runnable callback) {
        Thread.ofVirtual()
                .name("events-stop")
                .start(() -> {
                    try {
                        stop();
                    } finally {
                        callback.run();
                    }
                });
    }

    private synchronized void end() {
        subscriptions.forEach(Subscription::close);
        subscriptions.clear();
        running = false;
    }

    @Override
    public synchronized boolean isRunning() {
        return running;
    }

    /** Contexts that rest between tests stay subscribed, or they would miss events. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /** How many handlers are subscribed. */
    synchronized long active() {
        return subscriptions.stream().filter(Subscription::isActive).count();
    }

    /** How many there are. */
    synchronized int wanted() {
        return wanted;
    }
}
