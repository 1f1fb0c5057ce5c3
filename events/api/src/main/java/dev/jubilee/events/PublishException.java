package dev.jubilee.events;

import org.jspecify.annotations.Nullable;

/**
 * The transport did not take an event over, or it is unknown whether it did. Publish the same event
 * again: its id is the same, so that handlers can tell.
 */
public final class PublishException extends RuntimeException {
    public PublishException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
