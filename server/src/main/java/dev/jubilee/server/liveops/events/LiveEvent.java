package dev.jubilee.server.liveops.events;

import dev.jubilee.server.liveops.rules.Config;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A campaign in the game that players take part in.
 *
 * @param eventId a slug that people choose
 * @param currentParticipants of the latest occurrence
 * @param version grows with every change; optimistic locking
 * @param createdBy the principal's id
 */
public record LiveEvent(
        String eventId,
        String name,
        @Nullable String description,
        String eventType,
        String category,
        LiveEventStatus status,
        EventWindow window,
        int maxParticipants,
        int currentParticipants,
        Config config,
        int version,
        String createdBy,
        Instant createdAt,
        Instant updatedAt) {

    /** The same in another state, as the next version. */
    LiveEvent as(LiveEventStatus newStatus, EventWindow newWindow, Instant now) {
        return new LiveEvent(
                eventId,
                name,
                description,
                eventType,
                category,
                newStatus,
                newWindow,
                maxParticipants,
                currentParticipants,
                config,
                version + 1,
                createdBy,
                createdAt,
                now);
    }

    /** The same under another id. */
    LiveEvent named(String otherId) {
        return new LiveEvent(
                otherId,
                name,
                description,
                eventType,
                category,
                status,
                window,
                maxParticipants,
                currentParticipants,
                config,
                version,
                createdBy,
                createdAt,
                updatedAt);
    }
}
