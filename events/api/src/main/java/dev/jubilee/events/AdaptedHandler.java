package dev.jubilee.events;

import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A handler with a part exchanged. */
record AdaptedHandler<E extends BaseEvent>(
        EventHandler<E> handler,
        Predicate<E> wanted,
        ErrorHandler<E> told,
        @Nullable RetryStrategy strategy)
        implements EventHandler<E> {

    @FunctionalInterface
    interface ErrorHandler<E> {
        void failed(Throwable error, E event) throws Exception;
    }

    @Override
    public void handle(E event) throws Exception {
        handler.handle(event);
    }

    @Override
    public boolean filter(E event) {
        return wanted.test(event);
    }

    @Override
    public void errorHandler(Throwable error, E event) throws Exception {
        told.failed(error, event);
    }

    @Override
    public Optional<RetryStrategy> retryStrategy() {
        return strategy == null ? handler.retryStrategy() : Optional.of(strategy);
    }
}
