package dev.jubilee.events.json;

import org.jspecify.annotations.Nullable;

/** Bytes that are no CloudEvent; the message says what was found and what is allowed. */
public final class InvalidCloudEvent extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable String attribute;

    InvalidCloudEvent(@Nullable String attribute, String message) {
        this(attribute, message, null);
    }

    InvalidCloudEvent(@Nullable String attribute, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.attribute = attribute;
    }

    /** The attribute at fault, or null if it is the JSON itself. */
    public @Nullable String attribute() {
        return attribute;
    }
}
