package dev.jubilee.server.players;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * A player as game services describe it.
 *
 * @param userId up to 64 characters
 * @param attributes a JSON object
 */
public record Player(String userId, int level, String segment, JsonNode attributes) {
    /** A player of whom nothing has been said. */
    public static Player unknown(String userId) {
        return new Player(userId, 0, "", JsonNodeFactory.instance.objectNode());
    }
}
