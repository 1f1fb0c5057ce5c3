package dev.jubilee.server.conditions;

import dev.cel.common.values.NullValue;
import dev.jubilee.server.json.Numbers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * JSON as CEL sees it: whole numbers that fit are int, all others double, and infinite beyond what
 * a double holds.
 */
final class JsonValues {
    private JsonValues() {}

    static Object of(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> object(node);
            case ARRAY -> list(node);
            case STRING -> node.stringValue();
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> number(node);
            case NULL, MISSING, BINARY, POJO -> NullValue.NULL_VALUE;
        };
    }

    static Object number(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong()
                ? (Object) node.longValue()
                : (Object) Numbers.nearest(node);
    }

    private static Map<String, Object> object(JsonNode node) {
        Map<String, Object> values = LinkedHashMap.newLinkedHashMap(node.size());
        for (Map.Entry<String, JsonNode> property : node.properties()) {
            values.put(property.getKey(), of(property.getValue()));
        }
        return values;
    }

    private static List<Object> list(JsonNode node) {
        List<Object> values = new ArrayList<>(node.size());
        for (JsonNode element : node) {
            values.add(of(element));
        }
        return values;
    }
}
