package dev.jubilee.server.outbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.node.ObjectNode;

/**
 * An event that tells of a state change.
 *
 * @param type such as {@code liveops.participant.joined}
 * @param key orders it among others of the same key: the player or the live event
 * @param data writes the properties of a JSON object
 * @param causationId the bus event that brought it about; null when a request did
 */
public record OutboxEvent(
        String type, @Nullable String key, Instant time, Data data, @Nullable String causationId) {
    /** Writes the properties of an object that is begun; no tree is made where many are written. */
    @FunctionalInterface
    public interface Data {
        void write(JsonGenerator json);
    }

    private static void write(ObjectNode data, JsonGenerator json) {
        data.forEachEntry((name, value) -> {
            json.writeName(name);
            json.writeTree(value);
        });
    }

    /** An event whose data is a tree. */
    public static OutboxEvent of(
            String type,
            @Nullable String key,
            Instant time,
            ObjectNode data,
            @Nullable String causationId) {
        return new OutboxEvent(type, key, time, json -> write(data, json), causationId);
    }
}
