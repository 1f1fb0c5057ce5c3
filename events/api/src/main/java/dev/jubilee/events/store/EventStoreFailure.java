package dev.jubilee.events.store;

import org.jspecify.annotations.Nullable;

/**
 * The store refused what was asked, and will refuse it again: its data cannot be kept, or the store
 * is not what it should be. A matter for a person.
 */
public final class EventStoreFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EventStoreFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
