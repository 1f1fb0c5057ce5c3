package dev.jubilee.server.bus.search;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.jubilee.server.json.Json;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A stored event, as callers see it. */
public record EventView(
        String eventId,
        String eventType,
        String topic,
        String source,
        @Nullable String key,
        @Nullable String payload,
        String contentType,
        int partition,
        long offset,
        String status,
        int retryCount,
        String priority,
        Instant timestamp,
        Instant acceptedAt,
        Instant processedAt,
        @Nullable String correlationId,
        @Nullable String causationId,
        @Nullable JsonNode extensions,
        @JsonProperty("is_replayable") boolean isReplayable,
        @JsonProperty("is_encrypted") boolean isEncrypted) {
    /** The whole event, with the status that it is given. */
    static EventView of(StoredEvent event) {
        return new EventView(
                event.eventId(),
                event.eventType(),
                event.topic(),
                event.source(),
                event.key(),
                event.payload(),
                event.contentType() == null ? "application/json" : event.contentType(),
                event.partition(),
                event.offset(),
                event.status(),
                event.retryCount(),
                event.priority(),
                event.timestamp(),
                event.acceptedAt(),
                event.processedAt(),
                event.correlationId(),
                event.causationId(),
                event.extensions() == null ? null : Json.tree(event.extensions()),
                event.isReplayable(),
                event.isEncrypted());
    }
}
