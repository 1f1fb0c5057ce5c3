package dev.jubilee.server.bus.publish;

import dev.jubilee.server.json.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What one pass over a payload tells, and no tree is built for.
 *
 * @param fault what is wrong with it as JSON; null when nothing is
 * @param player the {@code player_id} at its top, by default the key of the event: a player's
 *     events keep their order
 */
record PayloadScan(@Nullable String fault, @Nullable String player) {
    private static final String PLAYER = "player_id";
    private static final int MAX_PLAYER = 255;

    /** Passes over bytes that should be one JSON value. */
    static PayloadScan of(JsonFactory json, byte[] payload) {
        String player;
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), payload)) {
            if (parser.nextToken() == null) {
                return new PayloadScan("must be JSON, was empty", null);
            }
            player = playerOf(parser);
            parser.finishToken();
            if (parser.nextToken() != null) {
                return new PayloadScan("must be one JSON value, found more after it", null);
            }
        } catch (JacksonException e) {
            return new PayloadScan("must be JSON: " + Json.fault(e), null);
        }
        boolean clean = Utf8.isWellFormed(payload);
        return new PayloadScan(clean ? null : "must be well-formed UTF-8", player);
    }

    /** Passes over the value that the parser stands on, to its end. */
    static @Nullable String playerOf(JsonParser parser) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return null;
        }
        String player = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean names = parser.currentName().equals(PLAYER);
            if (parser.nextToken() == JsonToken.VALUE_STRING && names) {
                player = usable(parser.getString());
            } else {
                parser.skipChildren();
            }
        }
        return player;
    }

    private static @Nullable String usable(String player) {
        boolean fits = !player.isEmpty() && player.length() <= MAX_PLAYER;
        return fits && Utf8.isClean(player) ? player : null;
    }
}
