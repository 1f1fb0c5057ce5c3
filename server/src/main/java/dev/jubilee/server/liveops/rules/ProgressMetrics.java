package dev.jubilee.server.liveops.rules;

import dev.jubilee.server.json.Json;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The metrics of a player's progress by their names, and their JSON: whole numbers look like it, so
 * that a count of kills is 5 and not 5.0.
 */
public final class ProgressMetrics {
    /** So many of one participation a service may set. */
    public static final int MOST = 50;

    private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,63}");

    /** Doubles beyond it are not exact to the unit, and longs beyond theirs would be others. */
    private static final double EXACT = 1e15;

    private ProgressMetrics() {}

    /** Whether the text can be a metric's name: a lower-case identifier, as conditions read it. */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /** As they were stored; in the order of their names. */
    public static Map<String, Double> read(String json) {
        Map<String, Double> metrics = new TreeMap<>();
        if (json.length() > 2) {
            Json.tree(json).forEachEntry((name, value) -> metrics.put(name, value.asDouble(0)));
        }
        return metrics;
    }

    /** A JSON object. */
    public static ObjectNode tree(Map<String, Double> metrics) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        metrics.forEach((name, value) -> {
            if (isWhole(value)) {
                object.put(name, value.longValue());
            } else {
                object.put(name, value);
            }
        });
        return object;
    }

    /** Its text. Names are plain identifiers, so nothing is escaped. */
    public static String text(Map<String, Double> metrics) {
        StringBuilder json = new StringBuilder("{");
        for (Map.Entry<String, Double> metric : metrics.entrySet()) {
            if (json.length() > 1) {
                json.append(',');
            }
            double value = metric.getValue();
            json.append('"').append(metric.getKey()).append("\":");
            if (isWhole(value)) {
                json.append((long) value);
            } else {
                json.append(value);
            }
        }
        return json.append('}').toString();
    }

    private static boolean isWhole(double value) {
        return value == Math.rint(value) && Math.abs(value) < EXACT;
    }
}
