package dev.jubilee.server.bus.replay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.store.StoredText;
import dev.jubilee.server.forwarding.ForwardedMarks;
import dev.jubilee.server.json.Json;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A stored event as it travels once more: the same event, marked with the replay's id. */
final class ForwardedEvent {
    private static final String SUBJECT = "subject";
    private static final byte[] NO_DATA = {};

    private ForwardedEvent() {}

    static Envelope of(StoredEvent event, UUID replayId) {
        Map<String, String> extensions = extensions(event.extensions());
        // The store notes a subject only where it is not the key.
        String subject = extensions.remove(SUBJECT);
        extensions.put(ForwardedMarks.REPLAY, replayId.toString());
        String type = event.contentType();
        boolean binary =
                type != null && type.endsWith(StoredText.BASE64) && isBase64(event.payload());
        return Envelope.of(event.eventId(), event.eventType(), event.source(), event.timestamp())
                .subject(subject == null ? event.key() : subject)
                .partitionKey(event.key())
                .acceptedAt(event.acceptedAt())
                .data(mediaType(type, binary), data(event.payload(), binary))
                .correlationId(event.correlationId())
                .causationId(event.causationId())
                .priority(Priority.of(event.priority()))
                .replayable(event.isReplayable())
                .idOrigin(event.clientMade() ? IdOrigin.CLIENT : IdOrigin.SERVER)
                .extensions(extensions)
                .build();
    }

    /** Text of a type that ends like the mark was stored as it came in earlier versions. */
    private static boolean isBase64(@Nullable String payload) {
        if (payload == null) {
            return true;
        }
        try {
            Base64.getDecoder().decode(payload);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static String mediaType(@Nullable String stored, boolean binary) {
        if (stored == null) {
            return Envelope.JSON;
        }
        return binary ? stored.substring(0, stored.length() - StoredText.BASE64.length()) : stored;
    }

    private static byte[] data(@Nullable String payload, boolean binary) {
        if (payload == null) {
            return NO_DATA;
        }
        return binary ? Base64.getDecoder().decode(payload) : payload.getBytes(UTF_8);
    }

    private static Map<String, String> extensions(@Nullable String stored) {
        Map<String, String> extensions = new HashMap<>();
        if (stored != null) {
            for (Map.Entry<String, JsonNode> extension : Json.tree(stored).properties()) {
                extensions.put(extension.getKey(), extension.getValue().asString(""));
            }
        }
        return extensions;
    }
}
