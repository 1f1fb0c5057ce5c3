package dev.jubilee.events.kafka;

import org.jspecify.annotations.Nullable;

/** What a handler needs cannot be had at present; the same batch succeeds later. */
public final class RetryableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RetryableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
