package dev.jubilee.server.conditions;

import static dev.jubilee.server.conditions.Mark.ERROR;
import static dev.jubilee.server.conditions.Mark.NULL;
import static dev.jubilee.server.conditions.Mark.UNSURE;

import dev.jubilee.server.players.Player;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Fields of a scope, read without converting what lies around them. */
final class Paths {
    private Paths() {}

    /** Null when only the interpreter knows the field. */
    static Shortcut.@Nullable Node node(String variable, List<String> names, boolean testOnly) {
        String first = names.getFirst();
        List<String> rest = names.subList(1, names.size());
        return switch (variable) {
            case "data" -> json(Scope::data, names, testOnly);
            case "progress" -> rest.isEmpty() ? metric(first, testOnly) : null;
            case "player" ->
                    first.equals("attributes") && !rest.isEmpty()
                            ? json(
                                    scope -> {
                                        Player player = scope.player();
                                        return player == null ? null : player.attributes();
                                    },
                                    rest,
                                    testOnly)
                            : rest.isEmpty() && !testOnly ? player(first) : null;
            case "event" -> rest.isEmpty() && !testOnly ? event(first) : null;
            default -> null;
        };
    }

    private static Shortcut.Node json(
            Function<Scope, @Nullable JsonNode> root, List<String> names, boolean testOnly) {
        String[] steps = names.toArray(String[]::new);
        int last = steps.length - 1;
        return scope -> {
            JsonNode node = root.apply(scope);
            for (int i = 0; i < last && node != null; i++) {
                node = node.isObject() ? node.get(steps[i]) : null;
            }
            if (node == null || !node.isObject()) {
                return testOnly ? UNSURE : ERROR;
            }
            JsonNode value = node.get(steps[last]);
            if (testOnly) {
                return value != null;
            }
            return value == null ? ERROR : scalar(value);
        };
    }

    private static Object scalar(JsonNode node) {
        return switch (node.getNodeType()) {
            case STRING -> node.stringValue();
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> JsonValues.number(node);
            case NULL -> NULL;
            case OBJECT, ARRAY, MISSING, BINARY, POJO -> UNSURE;
        };
    }

    private static Shortcut.Node metric(String name, boolean testOnly) {
        return scope -> {
            Map<String, Double> progress = scope.progress();
            if (progress == null) {
                return ERROR;
            }
            Double value = progress.get(name);
            if (testOnly) {
                return value != null;
            }
            return value == null ? (Object) 0.0 : value;
        };
    }

    private static Shortcut.@Nullable Node player(String field) {
        Function<Player, Object> read =
                switch (field) {
                    case "id" -> Player::userId;
                    case "level" -> player -> (long) player.level();
                    case "segment" -> Player::segment;
                    default -> null;
                };
        return read == null
                ? null
                : scope -> {
                    Player player = scope.player();
                    return player == null ? ERROR : read.apply(player);
                };
    }

    private static Shortcut.@Nullable Node event(String field) {
        Function<Scope.EventView, @Nullable String> read =
                switch (field) {
                    case "type" -> Scope.EventView::type;
                    case "source" -> Scope.EventView::source;
                    case "topic" -> Scope.EventView::topic;
                    case "player_id" -> Scope.EventView::playerId;
                    default -> null;
                };
        return read == null
                ? null
                : scope -> {
                    Scope.EventView event = scope.event();
                    String value = event == null ? null : read.apply(event);
                    return value == null ? ERROR : value;
                };
    }
}
