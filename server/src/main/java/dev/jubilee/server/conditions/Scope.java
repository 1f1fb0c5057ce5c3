package dev.jubilee.server.conditions;

import dev.jubilee.server.players.Player;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What an expression sees when it is evaluated. Parts that the expression does not use ({@link
 * Expression#uses()}) may be null.
 *
 * @param progress metric → value
 */
public record Scope(
        @Nullable EventView event,
        @Nullable JsonNode data,
        @Nullable Player player,
        @Nullable Map<String, Double> progress) {

    /** The part of a bus event that expressions see. */
    public record EventView(
            String type, String source, String topic, Instant time, @Nullable String playerId) {}

    /** A scope for conditions on the player alone. */
    public static Scope of(Player player) {
        return new Scope(null, null, player, null);
    }

    /** A scope for conditions on a participation. */
    public static Scope of(@Nullable Player player, Map<String, Double> progress) {
        return new Scope(null, null, player, progress);
    }
}
