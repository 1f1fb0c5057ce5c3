package dev.jubilee.server.outbox;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.server.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * One row of the outbox, with its events as they will be published. Reading it again gives the same
 * events with the same ids.
 */
record OutboxRow(long id, String topic, List<Envelope> events) {
    private static final String SOURCE = "/liveops";

    /** Reads the text that {@link Outbox} wrote. */
    static OutboxRow of(long id, UUID batchId, String topic, String json) {
        List<Envelope> events = new ArrayList<>();
        Instant acceptedAt = EventId.timeOf(batchId);
        try (JsonParser parser = Json.mapper().createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                String eventId = EventId.ofItem(batchId, events.size()).toString();
                events.add(event(eventId, acceptedAt, parser, json));
            }
        }
        return new OutboxRow(id, topic, events);
    }

    private static Envelope event(
            String eventId, Instant acceptedAt, JsonParser parser, String json) {
        String type = "";
        @Nullable String key = null;
        @Nullable String causationId = null;
        Instant time = Instant.EPOCH;
        byte[] data = {};
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = Objects.requireNonNull(parser.currentName());
            parser.nextToken();
            switch (name) {
                case "type" -> type = parser.getString();
                case "key" -> key = parser.getString();
                case "time" -> time = Instant.parse(parser.getString());
                case "causation_id" -> causationId = parser.getString();
                case "data" -> data = slice(parser, json);
                default -> throw new IllegalStateException("an outbox event has no " + name);
            }
        }
        return Envelope.of(eventId, type, SOURCE, time)
                .subject(key)
                .partitionKey(key)
                .causationId(causationId)
                .idOrigin(IdOrigin.RELAYED)
                .acceptedAt(acceptedAt)
                .json(data)
                .build();
    }

    /** The object at the parser as it stands in the text, so that it is not written anew. */
    private static byte[] slice(JsonParser parser, String json) {
        int start = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        int end = (int) parser.currentLocation().getCharOffset();
        return json.substring(start, end).getBytes(StandardCharsets.UTF_8);
    }
}
