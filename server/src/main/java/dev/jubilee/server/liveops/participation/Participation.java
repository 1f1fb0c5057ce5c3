package dev.jubilee.server.liveops.participation;

import java.time.Instant;
import java.util.Locale;
import java.util.UUID;

/**
 * A player's place in one occurrence of a live event.
 *
 * @param joinedAt when it came in, or came in again; what happened before does not count for it
 */
public record Participation(
        UUID participationId,
        String eventId,
        UUID occurrenceId,
        String userId,
        Type type,
        Status status,
        Instant joinedAt) {
    /** How it came about. */
    public enum Type {
        /** By the first event that matched a progress rule. */
        AUTOMATIC,
        /** By joining. */
        MANUAL,
        /** By joining upon an invitation. */
        INVITED;

        /** As it is written in tables and answers. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Type of(String text) {
            return valueOf(text.toUpperCase(Locale.ROOT));
        }
    }

    /** Where it stands. */
    public enum Status {
        ACTIVE,
        /** Reached what the event asks for; progress counts on, for the ranking. */
        COMPLETED,
        /**
         * Left, and may come in again while the event runs; or the event was called off. Holds no
         * place.
         */
        CANCELLED,
        /** The event ended before it was completed. */
        EXPIRED;

        /** Whether it holds one of the occurrence's places. */
        public boolean holdsPlace() {
            return this != CANCELLED;
        }

        /** As it is written in tables and answers. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Status of(String text) {
            return valueOf(text.toUpperCase(Locale.ROOT));
        }
    }
}
