package dev.jubilee.server.bus.publish;

import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import dev.jubilee.events.TopicName;
import dev.jubilee.server.bus.store.StoredText;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Problem.FieldError;
import dev.jubilee.server.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The fields of one event as they are read, in any order. Faults are collected, a hundred at most.
 * One per event; not thread-safe.
 */
final class EventDraft {
    private static final Instant EARLIEST = Instant.parse("1970-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private final byte[] document;
    private final EventReader.Kind kind;
    private final List<FieldError> faults = new ArrayList<>(0);
    private @Nullable ByteArrayOutputStream gameData;

    @Nullable String eventId;
    @Nullable String type;
    @Nullable String topic;
    @Nullable String source;
    @Nullable String subject;
    @Nullable String key;
    @Nullable String correlationId;
    @Nullable String causationId;
    @Nullable String playerId;
    @Nullable String actionType;
    @Nullable String serverId;
    @Nullable Instant timestamp;
    Priority priority = Priority.NORMAL;
    boolean replayable = true;
    byte @Nullable [] payload;

    /** The player whom the payload names. */
    PayloadOwner payloadOwner = PayloadOwner.NOBODY;

    /** The payload came as text, which is yet to be proven JSON. */
    boolean payloadIsText;

    /**
     * @param document the whole body, of which values are taken as they stand
     * @param kind which fields are known
     */
    EventDraft(byte[] document, EventReader.Kind kind) {
        this.document = document;
        this.kind = kind;
    }

    /** Whether the fields make this a game event. */
    boolean isGame() {
        return switch (kind) {
            case GENERIC -> false;
            case GAME -> true;
            case EITHER -> gameData != null && type == null && payload == null;
        };
    }

    boolean hasGameFields() {
        return gameData != null;
    }

    List<FieldError> faults() {
        return faults;
    }

    void fault(String field, String message) {
        if (faults.size() < Problem.MAX_ERRORS) {
            faults.add(new FieldError(field, message));
        }
    }

    /** Reads the field whose value the parser stands on. */
    void read(String name, JsonParser parser) {
        switch (name) {
            case "topic" -> topic = text(parser, name, TopicName.MAX_LENGTH);
            case "event_id" -> eventId = text(parser, name, StoredText.MAX_EVENT_ID);
            case "source" -> source = text(parser, name, StoredText.MAX_SOURCE);
            case "subject" -> subject = text(parser, name, StoredText.MAX_KEY);
            case "key", "partition_key" -> key = text(parser, name, StoredText.MAX_KEY);
            case "correlation_id" -> correlationId = text(parser, name, StoredText.MAX_KEY);
            case "causation_id" -> causationId = text(parser, name, StoredText.MAX_KEY);
            case "timestamp" -> timestamp = instant(parser, name);
            case "priority" -> priority(parser);
            case "is_replayable" -> replayable(parser);
            default -> {
                boolean known =
                        (kind != EventReader.Kind.GAME && readGeneric(name, parser))
                                || (kind != EventReader.Kind.GENERIC && readGame(name, parser));
                if (!known) {
                    fault(name.length() <= 64 ? name : name.substring(0, 64), "is not known here");
                    parser.skipChildren();
                }
            }
        }
    }

    private boolean readGeneric(String name, JsonParser parser) {
        switch (name) {
            case "event_type" -> type = text(parser, name, EventTypes.MAX_LENGTH);
            case "payload" -> payload(parser);
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean readGame(String name, JsonParser parser) {
        switch (name) {
            case "player_id" -> playerId = gameText(parser, name, 64);
            case "action_type" -> actionType = gameText(parser, name, 90);
            case "server_id" -> serverId = gameText(parser, name, StoredText.MAX_SOURCE);
            case "session_id", "game_mode", "map_name", "region", "version" ->
                    gameText(parser, name, 255);
            case "action_data", "position" -> {
                if (parser.currentToken() == JsonToken.START_OBJECT) {
                    append(name, slice(parser));
                } else if (parser.currentToken() != JsonToken.VALUE_NULL) {
                    fault(name, "must be an object, was " + kind(parser));
                    parser.skipChildren();
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** The fields of a game event as one JSON object, as they were sent. */
    byte[] gameData() {
        if (gameData == null) {
            return new byte[] {'{', '}'};
        }
        gameData.write('}');
        return gameData.toByteArray();
    }

    private @Nullable String gameText(JsonParser parser, String name, int max) {
        String value = text(parser, name, max);
        if (value != null) {
            append(name, slice(parser));
        }
        return value;
    }

    private void append(String name, byte[] value) {
        ByteArrayOutputStream data = gameData;
        if (data == null) {
            data = new ByteArrayOutputStream(256);
            gameData = data;
        }
        data.write(data.size() == 0 ? '{' : ',');
        data.write('"');
        data.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        data.write('"');
        data.write(':');
        data.writeBytes(value);
    }

    private void payload(JsonParser parser) {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.VALUE_STRING) {
            payload = parser.getString().getBytes(StandardCharsets.UTF_8);
            payloadIsText = true;
        } else if (token != JsonToken.VALUE_NULL) {
            long start = parser.currentTokenLocation().getByteOffset();
            payloadOwner = PayloadScan.whoseIs(parser);
            payload = sliceFrom(start, parser);
            payloadIsText = false;
        }
    }

    /** Makes this an event of that player, and of nobody else. */
    void actAs(String player) {
        if (playerId == null) {
            playerId = player;
            append("player_id", Json.bytes(player));
        }
        refuseOther("player_id", playerId, player);
        refuseOther("subject", subject, player);
        refuseOther("key", key, player);
        refuseOther("source", source, player);
        source = player;
    }

    private void refuseOther(String field, @Nullable String given, String player) {
        if (given != null && !given.equals(player)) {
            fault(field, "must be the player itself, which is \"" + player + "\"");
        }
    }

    private void priority(JsonParser parser) {
        String value = text(parser, "priority", 10);
        if (value == null) {
            return;
        }
        switch (value) {
            case "high" -> priority = Priority.HIGH;
            case "normal" -> priority = Priority.NORMAL;
            case "low" -> priority = Priority.LOW;
            default -> fault("priority", "must be one of high, normal, low; was \"" + value + "\"");
        }
    }

    private void replayable(JsonParser parser) {
        switch (parser.currentToken()) {
            case VALUE_TRUE, VALUE_NULL -> replayable = true;
            case VALUE_FALSE -> replayable = false;
            default -> {
                fault("is_replayable", "must be true or false, was " + kind(parser));
                parser.skipChildren();
            }
        }
    }

    private @Nullable Instant instant(JsonParser parser, String name) {
        String value = text(parser, name, 64);
        if (value == null) {
            return null;
        }
        try {
            Instant instant = Rfc3339.parse(value);
            if (instant.isBefore(EARLIEST) || instant.isAfter(LATEST)) {
                fault(name, "must be between 1970 and 9999, was \"" + value + "\"");
            }
            return instant;
        } catch (IllegalArgumentException e) {
            fault(name, "must be a time like 2026-11-21T10:00:00Z, was \"" + value + "\"");
            return null;
        }
    }

    private @Nullable String text(JsonParser parser, String name, int max) {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        if (token != JsonToken.VALUE_STRING) {
            fault(name, "must be text, was " + kind(parser));
            parser.skipChildren();
            return null;
        }
        String value = parser.getString();
        if (value.isEmpty() || value.length() > max) {
            fault(name, "must have 1 to " + max + " characters, had " + value.length());
            return null;
        }
        if (!Utf8.isClean(value)) {
            fault(name, "must not contain control characters or broken surrogates");
            return null;
        }
        return value;
    }

    /** The value's bytes as they stand in the document. */
    private byte[] slice(JsonParser parser) {
        long start = parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        return sliceFrom(start, parser);
    }

    private byte[] sliceFrom(long start, JsonParser parser) {
        parser.finishToken();
        long end = parser.currentLocation().getByteOffset();
        return Arrays.copyOfRange(document, Math.toIntExact(start), Math.toIntExact(end));
    }

    private static String kind(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> "text";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "true or false";
            default -> "null";
        };
    }
}
