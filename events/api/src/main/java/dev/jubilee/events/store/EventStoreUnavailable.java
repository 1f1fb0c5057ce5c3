package dev.jubilee.events.store;

import org.jspecify.annotations.Nullable;

/**
 * The store cannot serve at present: it is overloaded, closed or out of reach. What was asked may
 * have been done when the connection broke over it; to ask the same again is safe, because every
 * operation of a store is idempotent.
 */
public final class EventStoreUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EventStoreUnavailable(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
