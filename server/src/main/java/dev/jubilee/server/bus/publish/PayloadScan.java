package dev.jubilee.server.bus.publish;

import dev.jubilee.server.json.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The result of one pass over a payload, which builds no tree.
 *
 * @param fault what is wrong with it as JSON; null when nothing is
 */
record PayloadScan(@Nullable String fault, PayloadOwner owner) {
    private static final String PLAYER = "player_id";
    private static final String SESSION = "session_id";
    private static final int MAX_LENGTH = 255;

    /** Passes over bytes that should be one JSON value. */
    static PayloadScan of(JsonFactory json, byte[] payload) {
        PayloadOwner owner;
        if (Utf8.isOtherwiseEncoded(payload)) {
            return new PayloadScan(
                    "must be JSON in UTF-8, without a byte order mark", PayloadOwner.NOBODY);
        }
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), payload)) {
            if (parser.nextToken() == null) {
                return new PayloadScan("must be JSON, was empty", PayloadOwner.NOBODY);
            }
            owner = whoseIs(parser);
            parser.finishToken();
            if (parser.nextToken() != null) {
                return new PayloadScan(
                        "must be one JSON value, found more after it", PayloadOwner.NOBODY);
            }
        } catch (JacksonException e) {
            return new PayloadScan("must be JSON: " + Json.fault(e), PayloadOwner.NOBODY);
        }
        boolean clean = Utf8.isWellFormed(payload);
        return new PayloadScan(clean ? null : "must be well-formed UTF-8", owner);
    }

    /** Passes over the value that the parser stands on, to its end. */
    static PayloadOwner whoseIs(JsonParser parser) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return PayloadOwner.NOBODY;
        }
        String player = null;
        String session = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.VALUE_STRING && name.equals(PLAYER)) {
                player = usable(parser.getString());
            } else if (value == JsonToken.VALUE_STRING && name.equals(SESSION)) {
                session = usable(parser.getString());
            } else {
                parser.skipChildren();
            }
        }
        return player == null && session == null
                ? PayloadOwner.NOBODY
                : new PayloadOwner(player, session);
    }

    private static @Nullable String usable(String id) {
        boolean fits = !id.isEmpty() && id.length() <= MAX_LENGTH;
        return fits && Utf8.isClean(id) ? id : null;
    }
}
