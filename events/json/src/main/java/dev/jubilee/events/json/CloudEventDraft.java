package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What was read of an event so far; its members come in any order. */
final class CloudEventDraft {
    private static final byte[] NO_DATA = {};

    private @Nullable String specVersion;
    private @Nullable String id;
    private @Nullable String type;
    private @Nullable String source;
    private @Nullable String subject;
    private @Nullable String partitionKey;
    private @Nullable String correlationId;
    private @Nullable String causationId;
    private @Nullable String contentType;
    private @Nullable Instant time;
    private @Nullable Instant acceptedAt;
    private @Nullable Priority priority;
    private @Nullable Boolean replayable;
    private @Nullable Map<String, String> extensions;
    private byte @Nullable [] data;
    private boolean dataIsString;
    private boolean dataIsBinary;

    void attribute(String name, String value) {
        switch (name) {
            case "specversion" -> specVersion = once(name, specVersion, value);
            case "id" -> id = once(name, id, value);
            case "type" -> type = once(name, type, value);
            case "source" -> source = once(name, source, value);
            case "subject" -> subject = once(name, subject, value);
            case "partitionkey" -> partitionKey = once(name, partitionKey, value);
            case "correlationid" -> correlationId = once(name, correlationId, value);
            case "causationid" -> causationId = once(name, causationId, value);
            case "datacontenttype" -> contentType = once(name, contentType, value);
            case "time" -> time = once(name, time, timestamp(name, value));
            case "acceptedat" -> acceptedAt = once(name, acceptedAt, timestamp(name, value));
            case "priority" -> priority = once(name, priority, priority(value));
            case "replayable" -> replayable = once(name, replayable, truth(name, value));
            default -> extension(name, value);
        }
    }

    /** Data as it stood in the document; {@code string} if that is a JSON string. */
    void data(byte[] value, boolean string) {
        data = once("data", data, value);
        dataIsString = string;
    }

    void base64(String encoded) {
        try {
            data = once("data_base64", data, Base64.getDecoder().decode(encoded));
            dataIsBinary = true;
        } catch (IllegalArgumentException e) {
            throw new InvalidCloudEvent(
                    "data_base64", "'data_base64' is not Base64: " + e.getMessage(), e);
        }
    }

    /** The event, once all members were read; {@code textOf} unquotes a JSON string. */
    Envelope envelope(InstantSource clock, Function<byte[], String> textOf) {
        if (!"1.0".equals(present("specversion", specVersion))) {
            throw new InvalidCloudEvent(
                    "specversion", "'specversion' must be '1.0', was '" + specVersion + "'");
        }
        String mediaType = contentType == null ? Envelope.JSON : contentType;
        return Envelope.of(
                        present("id", id),
                        present("type", type),
                        present("source", source),
                        time == null ? clock.instant() : time)
                .subject(subject)
                .partitionKey(partitionKey)
                .acceptedAt(acceptedAt)
                .data(mediaType, bytes(mediaType, textOf))
                .correlationId(correlationId)
                .causationId(causationId)
                .priority(priority == null ? Priority.NORMAL : priority)
                .replayable(replayable == null || replayable)
                .idOrigin(IdOrigin.CLIENT)
                .extensions(extensions == null ? Map.of() : extensions)
                .build();
    }

    private byte[] bytes(String mediaType, Function<byte[], String> textOf) {
        if (data == null) {
            return NO_DATA;
        }
        if (dataIsBinary || !dataIsString || MediaTypes.isJson(mediaType)) {
            return data;
        }
        return textOf.apply(data).getBytes(StandardCharsets.UTF_8);
    }

    private void extension(String name, String value) {
        if (!isAttributeName(name)) {
            throw new InvalidCloudEvent(
                    name, "'" + name + "' is no attribute name: those consist of a-z and 0-9");
        }
        if (extensions == null) {
            extensions = new HashMap<>();
        }
        once(name, extensions.put(name, value), value);
    }

    private static boolean isAttributeName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static <T> T once(String name, @Nullable T before, T value) {
        if (before != null) {
            throw new InvalidCloudEvent(
                    name,
                    name.startsWith("data")
                            ? "the event has data twice ('data', 'data_base64')"
                            : "'" + name + "' is there twice");
        }
        return value;
    }

    private static String present(String name, @Nullable String value) {
        if (value == null || value.isEmpty()) {
            throw new InvalidCloudEvent(
                    name, "'" + name + "' is " + (value == null ? "missing" : "empty"));
        }
        return value;
    }

    private static Instant timestamp(String name, String value) {
        try {
            return Rfc3339.parse(value);
        } catch (IllegalArgumentException e) {
            throw new InvalidCloudEvent(name, "'" + name + "': " + e.getMessage(), e);
        }
    }

    private static Priority priority(String value) {
        try {
            return Priority.of(value);
        } catch (IllegalArgumentException e) {
            throw new InvalidCloudEvent("priority", "'priority': " + e.getMessage(), e);
        }
    }

    private static Boolean truth(String name, String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new InvalidCloudEvent(
                            name, "'" + name + "' must be true or false, was '" + value + "'");
        };
    }
}
