package dev.jubilee.events;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An event that a subscription could not handle.
 *
 * @param id of the letter
 * @param subscription whose handler failed
 * @param eventId the event's
 * @param type the event's
 * @param read the event as this program reads it now, upcast like any other; null if it cannot
 * @param route where the letter lies
 * @param reason the last failure, in words
 * @param attempts how often it was tried
 */
public record DeadLetter(
        String id,
        String subscription,
        String eventId,
        String type,
        @Nullable BaseEvent read,
        DeadLetterRoute route,
        String reason,
        int attempts,
        Instant failedAt) {

    /** The event, unless it cannot be read. */
    public Optional<BaseEvent> event() {
        return Optional.ofNullable(read);
    }
}
