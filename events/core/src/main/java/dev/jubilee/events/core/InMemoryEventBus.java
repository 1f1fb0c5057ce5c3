package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.TransportGuarantees;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Carries events within this process. Handlers that are synchronous are called in the publisher's
 * thread, before any other gets the event: when one fails for good, {@code publish} throws and
 * nobody else sees it. All others have threads of their own, and a queue each; while one is full,
 * publishers wait. A handler that publishes does not wait, because it would wait for itself; what
 * it publishes is let in beyond the capacity. While an event waits for its retry, {@value
 * Dispatcher#MOST_PARKED} more of its key are taken; then whoever publishes another of that key
 * waits, and those of other keys go on.
 *
 * <p>Closing handles what waits, and what handlers publish meanwhile.
 *
 * <p>Nothing survives the process. Events that wait for a retry when the bus is closed, and letters
 * that were not redriven, are gone with it. Thread-safe.
 */
public final class InMemoryEventBus implements EventBus {
    private static final TransportGuarantees GUARANTEES =
            new TransportGuarantees(
                    new TransportGuarantees.Durability.InProcess(),
                    new TransportGuarantees.Ordering.PerKey(),
                    new TransportGuarantees.Redelivery.AtMostOnce());

    /** Beyond so many types the table begins anew: they may come from outside. */
    private static final int MOST_ROUTES = 10_000;

    private final BusSettings settings;
    private final InMemoryDeadLetters letters;
    private final List<Receiver> receivers = new CopyOnWriteArrayList<>();
    private final Map<String, Receiver[]> routes = new ConcurrentHashMap<>();
    private final AtomicInteger names = new AtomicInteger();
    private final Lifecycle life = new Lifecycle();

    public InMemoryEventBus() {
        this(BusSettings.defaults());
    }

    public InMemoryEventBus(BusSettings settings) {
        this.settings = settings;
        this.letters = new InMemoryDeadLetters(settings.clock(), this::redeliver);
    }

    @Override
    public TransportGuarantees guarantees() {
        return GUARANTEES;
    }

    @Override
    public void publish(BaseEvent event) {
        life.requireTaking();
        Receiver[] selected = routes.get(event.type());
        if (selected == null) {
            selected = route(event.type());
        }
        for (Receiver receiver : selected) {
            try {
                if (!receiver.receive(event)) {
                    life.requireOpen(); // else it is its subscription alone that has ended
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PublishException("interrupted while " + receiver.name() + " is full", e);
            }
        }
    }

    /** As {@link #publish}: there is no word of a transport to wait for. */
    @Override
    public CompletableFuture<Void> publishAsync(BaseEvent event) {
        try {
            publish(event);
            return CompletableFuture.completedFuture(null);
        } catch (PublishException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public void publishAll(List<? extends BaseEvent> events) {
        events.forEach(this::publish);
    }

    @Override
    public <E extends BaseEvent> Subscription subscribe(
            String pattern, SubscriptionOptions options, EventHandler<E> handler) {
        TopicPattern compiled = TopicPattern.of(pattern);
        GUARANTEES.requireFor(options);
        String name = "memory-" + names.incrementAndGet();
        HandlerSettings handling =
                new HandlerSettings(
                        name, options, settings.retry(), letters::put, settings.tracker());
        Receiver receiver =
                switch (options.mode()) {
                    case SYNCHRONOUS ->
                            new Receiver.Synchronous(
                                    name, compiled, new SynchronousHandling<>(handling, handler));
                    case ASYNCHRONOUS ->
                            new Receiver.Queued(
                                    name, compiled, new Dispatcher(handling, handler, life), life);
                };
        synchronized (this) {
            if (!life.isOpen()) {
                receiver.stop();
                throw new IllegalStateException("the bus is closed");
            }
            receivers.add(receiver);
            routes.clear();
        }
        return new ActiveSubscription(name, compiled, life::isOpen, () -> end(receiver));
    }

    @Override
    public void unsubscribe(Subscription subscription) {
        subscription.close();
    }

    @Override
    public DeadLetters deadLetters() {
        return letters;
    }

    @Override
    public void close() {
        life.close(() -> {
            synchronized (this) {
                // Whoever subscribed before is in the list now.
                receivers.forEach(Receiver::settle);
            }
            awaitQuiet();
            receivers.forEach(Receiver::drain);
        });
    }

    /**
     * Waits until no handler has anything to do, so that none publishes any more. All of them had
     * nothing to do at the same moment if none was given anything between two looks.
     */
    private void awaitQuiet() {
        List<Long> before = List.of();
        List<Long> now = receivers.stream().map(Receiver::awaitQuiet).toList();
        while (!now.equals(before)) {
            before = now;
            now = receivers.stream().map(Receiver::awaitQuiet).toList();
        }
    }

    private void end(Receiver receiver) {
        synchronized (this) {
            receivers.remove(receiver);
            routes.clear();
        }
        receiver.stop();
    }

    /** Under the lock, so that a subscription that has just been made is in every table. */
    private synchronized Receiver[] route(String type) {
        if (routes.size() >= MOST_ROUTES) {
            routes.clear();
        }
        Receiver[] selected =
                receivers.stream()
                        .filter(receiver -> receiver.pattern().matches(type))
                        .sorted() // synchronous ones first
                        .toArray(Receiver[]::new);
        routes.put(type, selected);
        return selected;
    }

    private boolean redeliver(String subscription, BaseEvent event) {
        for (Receiver receiver : receivers) {
            if (receiver.name().equals(subscription)) {
                try {
                    return receiver.receive(event);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
        }
        return false;
    }
}
