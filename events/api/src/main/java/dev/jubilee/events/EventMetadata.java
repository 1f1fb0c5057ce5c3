package dev.jubilee.events;

import org.jspecify.annotations.Nullable;

/**
 * Where an event comes from and what it belongs to.
 *
 * @param correlationId the same for everything that one request or one act of a player led to
 * @param causationId the id of the event or command that led to this one
 * @param userId on whose behalf
 * @param source the program, a URI reference such as {@code guild-service}
 * @param environment such as {@code production}
 * @param unknown what came with the event and has no place here
 */
public record EventMetadata(
        String correlationId,
        @Nullable String causationId,
        @Nullable String userId,
        String source,
        String environment,
        UnknownFields unknown) {

    public EventMetadata {
        Requirements.text("correlationId", correlationId);
        Requirements.text("source", source);
        Requirements.text("environment", environment);
    }

    /** Of an event that nothing led to. */
    public static EventMetadata of(String correlationId, String source, String environment) {
        return new EventMetadata(
                correlationId, null, null, source, environment, UnknownFields.NONE);
    }

    /**
     * Of an event that {@code cause} led to, made by the program that this is the metadata of: it
     * takes over the correlation and the user, and names the cause.
     */
    public EventMetadata causedBy(Cause cause) {
        return new EventMetadata(
                cause.correlationId(),
                cause.id(),
                cause.userId(),
                source,
                environment,
                UnknownFields.NONE);
    }

    public EventMetadata withUserId(@Nullable String other) {
        return new EventMetadata(correlationId, causationId, other, source, environment, unknown);
    }

    public EventMetadata withCausationId(@Nullable String other) {
        return new EventMetadata(correlationId, other, userId, source, environment, unknown);
    }

    public EventMetadata withUnknown(UnknownFields other) {
        return new EventMetadata(correlationId, causationId, userId, source, environment, other);
    }
}
