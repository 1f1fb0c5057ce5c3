package dev.jubilee.events;

import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * Handles events. Called by one thread at a time for events of one key, by several for events of
 * different keys if the subscription has more than one worker. An event may come more than once
 * where the transport redelivers; {@link BaseEvent#id} is then the same.
 */
@FunctionalInterface
public interface EventHandler<E extends BaseEvent> {
    /**
     * Handles one event; it counts as handled when this returns. What it throws is judged by the
     * {@link RetryStrategy}.
     */
    void handle(E event) throws Exception;

    /** Whether this handler wants the event; one that it does not want counts as handled. */
    default boolean filter(E event) {
        return true;
    }

    /**
     * Told of each attempt that failed, before it is decided what follows. What it throws is logged
     * and changes nothing.
     */
    default void errorHandler(Throwable error, E event) throws Exception {}

    /** How failures of this handler are retried; empty: as the bus does by default. */
    default Optional<RetryStrategy> retryStrategy() {
        return Optional.empty();
    }

    /** A handler to add a filter, error handler or retry strategy to. */
    static <E extends BaseEvent> EventHandler<E> of(EventHandler<E> handler) {
        return handler;
    }

    /** This handler, for those events only. */
    default EventHandler<E> when(Predicate<? super E> wanted) {
        return new AdaptedHandler<>(
                this, event -> filter(event) && wanted.test(event), this::errorHandler, null);
    }

    /** This handler, telling of each failed attempt. */
    default EventHandler<E> onError(BiConsumer<Throwable, ? super E> told) {
        return new AdaptedHandler<>(this, this::filter, told::accept, null);
    }

    /** This handler, retried so. */
    default EventHandler<E> retrying(RetryStrategy strategy) {
        return new AdaptedHandler<>(this, this::filter, this::errorHandler, strategy);
    }
}
