package dev.jubilee.server.bus.replay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.json.MediaTypes;
import dev.jubilee.server.bus.search.EventConditions;
import dev.jubilee.server.bus.store.StoredText;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.json.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which events a replay takes: a JSON object of columns and, under {@code payload}, of fields of
 * the payload. Every entry must hold; an entry is a list of values of which one must be equal, and
 * a value is a list of one. Event types may be patterns.
 */
final class ReplayFilter {
    private static final List<String> COLUMNS =
            List.of("source", "key", "correlation_id", "causation_id", "priority");
    private static final String TYPE = "event_type";
    private static final String PAYLOAD = "payload";
    private static final int MAX_DEPTH = 10;

    private final JsonNode wanted;
    private final List<TopicPattern> types;

    private ReplayFilter(JsonNode wanted) {
        this.wanted = wanted;
        this.types =
                wanted.path(TYPE)
                        .valueStream()
                        .map(type -> TopicPattern.of(type.stringValue()))
                        .toList();
    }

    /** A filter that was read. */
    static ReplayFilter of(String filter) {
        return new ReplayFilter(Json.tree(filter));
    }

    /** Whether it takes the event; the same that {@link #apply} asks of the store. */
    boolean test(Envelope event) {
        for (Map.Entry<String, JsonNode> entry : wanted.properties()) {
            boolean holds =
                    switch (entry.getKey()) {
                        case TYPE ->
                                types.isEmpty()
                                        || types.stream().anyMatch(t -> t.matches(event.type()));
                        case PAYLOAD ->
                                entry.getValue().isEmpty() || payload(event, entry.getValue());
                        default -> has(entry.getValue(), column(event, entry.getKey()));
                    };
            if (!holds) {
                return false;
            }
        }
        return true;
    }

    private static @Nullable String column(Envelope event, String name) {
        return switch (name) {
            case "source" -> event.source();
            case "key" -> event.partitionKey();
            case "correlation_id" -> event.correlationId();
            case "causation_id" -> event.causationId();
            case "priority" -> event.priority().name().toLowerCase(java.util.Locale.ROOT);
            default -> throw new IllegalArgumentException("no such column: " + name);
        };
    }

    private static boolean has(JsonNode list, @Nullable String value) {
        return value != null && list.valueStream().anyMatch(one -> one.stringValue().equals(value));
    }

    private static boolean payload(Envelope event, JsonNode fields) {
        String type = event.contentType();
        if (!MediaTypes.isJson(type) || type.endsWith(StoredText.BASE64)) {
            return false;
        }
        try {
            return holds(Json.tree(event.data()), fields);
        } catch (JacksonException e) {
            return false;
        }
    }

    private static boolean holds(JsonNode value, JsonNode fields) {
        for (Map.Entry<String, JsonNode> entry : fields.properties()) {
            JsonNode there = at(value, entry.getKey());
            JsonNode asked = entry.getValue();
            boolean holds;
            if (asked.isObject()) {
                holds = asked.isEmpty() || (there != null && holds(there, asked));
            } else {
                holds = there != null && asked.valueStream().anyMatch(one -> same(one, there));
            }
            if (!holds) {
                return false;
            }
        }
        return true;
    }

    /** A field, or an element by its number, as PostgreSQL has it; from the end if negative. */
    private static @Nullable JsonNode at(JsonNode value, String step) {
        if (value.isArray() && step.matches("-?[0-9]{1,9}")) {
            int index = Integer.parseInt(step);
            return value.get(index < 0 ? value.size() + index : index);
        }
        return value.get(step);
    }

    private static boolean same(JsonNode one, JsonNode other) {
        return (one.isNumber() && other.isNumber()) ? Numbers.same(one, other) : one.equals(other);
    }

    /** Reads the field of that name, text or object, and names its faults. */
    static String read(Input input, String name) {
        JsonNode given = input.optionalValue(name);
        if (given == null) {
            return "{}";
        }
        JsonNode filter = given.isString() ? parsed(given.stringValue()) : given;
        if (filter == null || !filter.isObject()) {
            input.reject(name, "must be a JSON object, or the text of one");
            return "{}";
        }
        if (!isKept(filter)) {
            input.reject(name, "holds a text or a number that no event can have");
            return "{}";
        }
        ObjectNode lists = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : filter.properties()) {
            String field = entry.getKey();
            String at = name + "." + field;
            if (field.equals(PAYLOAD)) {
                if (entry.getValue().isObject()) {
                    lists.set(field, payload(input, at, entry.getValue(), 1));
                } else {
                    input.reject(at, "must be an object of the payload's fields");
                }
            } else if (field.equals(TYPE) || COLUMNS.contains(field)) {
                lists.set(field, texts(input, at, entry.getValue(), field.equals(TYPE)));
            } else {
                input.reject(
                        at,
                        "is not known here; known are event_type, "
                                + String.join(", ", COLUMNS)
                                + ", payload");
            }
        }
        return Json.text(lists);
    }

    /** Whether PostgreSQL takes it: no U+0000, no half of a character, no endless number. */
    private static boolean isKept(JsonNode value) {
        if (value.isString()) {
            return isKept(value.stringValue());
        }
        if (value.isNumber()) {
            return value.isIntegralNumber() || Double.isFinite(value.doubleValue());
        }
        return value.propertyStream().allMatch(field -> isKept(field.getKey()))
                && value.valueStream().allMatch(ReplayFilter::isKept);
    }

    private static boolean isKept(String text) {
        return text.codePoints()
                .allMatch(c ->
                        c != 0 && !(c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
    }

    private static @Nullable JsonNode parsed(String text) {
        try {
            return Json.foreignTree(text.getBytes(UTF_8));
        } catch (JacksonException e) {
            return null;
        }
    }

    private static JsonNode texts(Input input, String at, JsonNode value, boolean patterns) {
        JsonNode list = value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value);
        for (JsonNode entry : list) {
            if (!entry.isString() || entry.stringValue().indexOf('\u0000') >= 0) {
                input.reject(at, "must be text, or a list of texts");
                return list;
            }
            if (patterns) {
                try {
                    TopicPattern.of(entry.stringValue());
                } catch (IllegalArgumentException e) {
                    input.reject(at, String.valueOf(e.getMessage()));
                }
            }
        }
        return list;
    }

    private static JsonNode payload(Input input, String at, JsonNode object, int depth) {
        ObjectNode lists = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            String field = at + "." + entry.getKey();
            JsonNode value = entry.getValue();
            if (depth == MAX_DEPTH) {
                input.reject(field, "is nested too deeply");
            } else if (value.isObject()) {
                lists.set(entry.getKey(), payload(input, field, value, depth + 1));
            } else {
                JsonNode list =
                        value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value);
                if (list.valueStream().anyMatch(JsonNode::isContainer)) {
                    input.reject(field, "must be a value, or a list of values");
                }
                lists.set(entry.getKey(), list);
            }
        }
        return lists;
    }

    /** Adds the conditions of a filter that was read. */
    static void apply(String filter, EventConditions conditions) {
        for (Map.Entry<String, JsonNode> entry : Json.tree(filter).properties()) {
            switch (entry.getKey()) {
                case TYPE -> conditions.matches(TYPE, strings(entry.getValue()));
                case PAYLOAD -> fields(new ArrayList<>(), entry.getValue(), conditions);
                default -> conditions.in(entry.getKey(), strings(entry.getValue()));
            }
        }
    }

    private static void fields(List<String> path, JsonNode object, EventConditions conditions) {
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            List<String> at = new ArrayList<>(path);
            at.add(entry.getKey());
            if (entry.getValue().isObject()) {
                fields(at, entry.getValue(), conditions);
            } else {
                conditions.field(
                        at, entry.getValue().valueStream().map(JsonNode::toString).toList());
            }
        }
    }

    private static List<String> strings(JsonNode list) {
        return list.valueStream().map(JsonNode::stringValue).toList();
    }
}
