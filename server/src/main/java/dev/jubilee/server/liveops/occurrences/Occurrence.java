package dev.jubilee.server.liveops.occurrences;

import dev.jubilee.server.liveops.rules.Rules;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One run of a live event.
 *
 * @param number from 1 within the event
 * @param endsAt null runs until it is ended by hand
 */
public record Occurrence(
        UUID occurrenceId,
        String eventId,
        int number,
        Instant startsAt,
        @Nullable Instant endsAt,
        Status status,
        int maxParticipants,
        Rules rules) {
    /** Where an occurrence stands. */
    public enum Status {
        SCHEDULED,
        ACTIVE,
        /**
         * Ended; progress catches up with what was accepted before the end, then the ranking
         * freezes.
         */
        CLOSING,
        COMPLETED,
        CANCELLED
    }

    /** Whether an event accepted then falls into its window: start ≤ time &lt; end. */
    public boolean covers(Instant time) {
        return !time.isBefore(startsAt) && (endsAt == null || time.isBefore(endsAt));
    }
}
