package dev.jubilee.server.outbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An event that tells of a state change.
 *
 * @param type such as {@code liveops.participant.joined}
 * @param key orders it among others of the same key: the player or the live event
 * @param data a JSON object
 * @param causationId the bus event that brought it about; null when a request did
 */
public record OutboxEvent(
        String type,
        @Nullable String key,
        Instant time,
        JsonNode data,
        @Nullable String causationId) {
    public OutboxEvent {
        if (!data.isObject()) {
            throw new IllegalArgumentException(
                    "the data of an event is an object, was " + data.getNodeType());
        }
    }
}
