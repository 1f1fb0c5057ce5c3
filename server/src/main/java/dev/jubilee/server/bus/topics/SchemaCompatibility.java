package dev.jubilee.server.bus.topics;

import dev.jubilee.server.http.Problem.FieldError;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.json.Numbers;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Whether what publishers send today is still accepted under a new schema. The comparison is
 * structural and errs on the safe side: what it cannot compare counts as a break. One thing it
 * takes on trust: a property that the old schema did not name is not in use yet, so that an
 * optional property can be added.
 */
final class SchemaCompatibility {
    private static final List<String> LOWER_BOUNDS =
            List.of("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties");
    private static final List<String> UPPER_BOUNDS =
            List.of("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties");

    /**
     * A schema without them is looser, apart from {@link #lost}; one in which they differ is not
     * compared further.
     */
    private static final List<String> OPAQUE =
            List.of(
                    "$ref",
                    "$dynamicRef",
                    "pattern",
                    "format",
                    "multipleOf",
                    "uniqueItems",
                    "const",
                    "contentEncoding",
                    "contentMediaType",
                    "contentSchema",
                    "allOf",
                    "anyOf",
                    "oneOf",
                    "not",
                    "if",
                    "then",
                    "else",
                    "contains",
                    "minContains",
                    "maxContains",
                    "prefixItems",
                    "patternProperties",
                    "propertyNames",
                    "dependentRequired",
                    "dependentSchemas",
                    "unevaluatedItems",
                    "unevaluatedProperties");

    /**
     * They refuse what no other keyword has looked at: the fewer of those, the stricter they are.
     */
    private static final List<String> UNEVALUATED =
            List.of("unevaluatedItems", "unevaluatedProperties");

    private static final List<String> EVALUATING =
            List.of(
                    "$ref",
                    "$dynamicRef",
                    "allOf",
                    "anyOf",
                    "oneOf",
                    "if",
                    "then",
                    "else",
                    "dependentSchemas",
                    "patternProperties",
                    "additionalProperties",
                    "unevaluatedProperties",
                    "prefixItems",
                    "items",
                    "contains",
                    "unevaluatedItems");

    private static final Pattern DEFINITION = Pattern.compile("#/\\$defs/[^/%~]+");

    private final List<FieldError> breaks = new ArrayList<>();

    /** Whether something in the new schema refuses what was not evaluated. */
    private final boolean closed;

    private SchemaCompatibility(boolean closed) {
        this.closed = closed;
    }

    /** What the new schema refuses that the old one accepts, by its place in the new one. */
    static List<FieldError> breaks(String before, String after) {
        JsonNode was = Json.tree(before);
        JsonNode is = Json.tree(after);
        SchemaCompatibility comparison = new SchemaCompatibility(isClosed(is));
        comparison.compare("schema", was, is);
        if (!was.equals(is)) {
            // One that is new is new where it stands, which is judged there.
            Set<String> kept = SchemaReferences.in(was);
            kept.retainAll(SchemaReferences.in(is));
            kept.forEach(reference -> comparison.follow(reference, was, is));
            SchemaReferences.inverted(is)
                    .forEach(reference -> comparison.mustNotGrow(reference, was, is));
        }
        return comparison.breaks;
    }

    private static boolean isClosed(JsonNode schema) {
        return UNEVALUATED.stream().anyMatch(keyword -> isRestrictive(schema.path(keyword)))
                || schema.valueStream().anyMatch(SchemaCompatibility::isClosed);
    }

    private void mustNotGrow(String reference, JsonNode was, JsonNode is) {
        JsonNode now = SchemaReferences.at(reference, is);
        JsonNode before = SchemaReferences.at(reference, was);
        if (now == null || before == null) {
            // Without a path it was refused when it was followed; without a past it is new.
            return;
        }
        SchemaCompatibility backwards = new SchemaCompatibility(isClosed(was));
        backwards.compare("schema" + reference.substring(1).replace('/', '.'), now, before);
        for (FieldError grown : backwards.breaks) {
            report(
                    new FieldError(
                            grown.field(),
                            "accepts more than before, and \"not\", \"if\", \"oneOf\" or"
                                    + " \"maxContains\" refers to it"));
        }
    }

    /** What it leads to counts as much as what refers to it, wherever in the document it is. */
    private void follow(String reference, JsonNode was, JsonNode is) {
        if (reference.equals("#") || DEFINITION.matcher(reference).matches()) {
            // Compared with the whole.
            return;
        }
        JsonNode now = SchemaReferences.at(reference, is);
        JsonNode before = SchemaReferences.at(reference, was);
        if (now == null || before == null) {
            report("schema", "$ref", "leads to \"" + reference + "\", which cannot be compared");
        } else {
            compare("schema" + reference.substring(1).replace('/', '.'), before, now);
        }
    }

    private void compare(String path, JsonNode before, JsonNode after) {
        JsonNode was = normal(before);
        JsonNode is = normal(after);
        if (was.equals(is) || (is.isEmpty() && !closed)) {
            return;
        }
        types(path, was, is);
        enumeration(path, was, is);
        for (String bound : LOWER_BOUNDS) {
            bound(path, bound, was, is, 1);
        }
        for (String bound : UPPER_BOUNDS) {
            bound(path, bound, was, is, -1);
        }
        for (String keyword : OPAQUE) {
            if (is.has(keyword) && !is.get(keyword).equals(was.get(keyword))) {
                report(path, keyword, "is new or has changed");
            }
        }
        lost(path, was, is);
        required(path, was, is);
        properties(path, was, is);
        if (is.has("items")) {
            compare(path + ".items", was.path("items"), is.get("items"));
        }
        for (Map.Entry<String, JsonNode> definition : is.path("$defs").properties()) {
            JsonNode old = was.path("$defs").get(definition.getKey());
            if (old != null) {
                compare(path + ".$defs." + definition.getKey(), old, definition.getValue());
            }
        }
    }

    /** Keywords that shielded from a stricter one, which now applies. */
    private void lost(String path, JsonNode was, JsonNode is) {
        lost(path, "patternProperties", "additionalProperties", was, is);
        lost(path, "prefixItems", "items", was, is);
        if (is.has("contains") && !is.has("minContains") && was.path("minContains").isNumber()) {
            BigDecimal least = Numbers.worth(was.get("minContains"));
            if (least == null || least.signum() == 0) {
                report(path, "minContains", "is gone, and is 1 without a word");
            }
        }
        if (closed) {
            for (String keyword : EVALUATING) {
                if (was.has(keyword) && !is.has(keyword) && !isNever(was.get(keyword))) {
                    report(path, keyword, "is gone, and what it evaluated may be refused");
                }
            }
        }
    }

    private void lost(String path, String shield, String stricter, JsonNode was, JsonNode is) {
        if (was.has(shield) && !is.has(shield) && isRestrictive(is.path(stricter))) {
            report(path, shield, "is gone, and \"" + stricter + "\" refuses what it accepted");
        }
    }

    private void types(String path, JsonNode was, JsonNode is) {
        if (!is.has("type")) {
            return;
        }
        Set<String> allowed = texts(is.get("type"));
        if (!was.has("type")) {
            report(path, "type", "is new: any type was accepted before");
            return;
        }
        for (String type : texts(was.get("type"))) {
            boolean stays =
                    allowed.contains(type)
                            || (type.equals("integer") && allowed.contains("number"));
            if (!stays) {
                report(path, "type", "no longer accepts " + type);
            }
        }
    }

    private void enumeration(String path, JsonNode was, JsonNode is) {
        if (!is.has("enum")) {
            return;
        }
        Set<JsonNode> allowed = new HashSet<>();
        is.get("enum").forEach(allowed::add);
        if (was.has("const") && allowed.contains(was.get("const"))) {
            return;
        }
        if (!was.has("enum")) {
            report(path, "enum", "is new: other values were accepted before");
            return;
        }
        for (JsonNode value : was.get("enum")) {
            if (!allowed.contains(value)) {
                report(path, "enum", "no longer accepts " + value);
            }
        }
    }

    /**
     * @param direction 1 when a larger bound is stricter, -1 when a smaller one is
     */
    private void bound(String path, String name, JsonNode was, JsonNode is, int direction) {
        if (!is.path(name).isNumber()) {
            return;
        }
        BigDecimal now = Numbers.worth(is.get(name));
        BigDecimal before = was.path(name).isNumber() ? Numbers.worth(was.get(name)) : null;
        if (now == null) {
            report(path, name, "is no number that can be compared");
        } else if (before == null) {
            boolean harmless = direction > 0 && name.startsWith("min") && isZeroLength(name, now);
            if (!harmless) {
                report(path, name, "is new");
            }
        } else if (now.compareTo(before) * direction > 0) {
            report(path, name, "is stricter: was " + was.get(name) + ", is " + is.get(name));
        }
    }

    private static boolean isZeroLength(String name, BigDecimal bound) {
        return !name.equals("minimum") && bound.signum() <= 0;
    }

    private void required(String path, JsonNode was, JsonNode is) {
        Set<String> before = texts(was.path("required"));
        for (String name : texts(is.path("required"))) {
            if (!before.contains(name)) {
                report(path, "required", "asks for \"" + name + "\", which could be left out");
            }
        }
    }

    private void properties(String path, JsonNode was, JsonNode is) {
        JsonNode named = is.path("properties");
        JsonNode others = is.path("additionalProperties");
        for (Map.Entry<String, JsonNode> property : was.path("properties").properties()) {
            JsonNode now = named.get(property.getKey());
            String at = path + ".properties." + property.getKey();
            if (now != null) {
                compare(at, property.getValue(), now);
            } else if (isNever(others)) {
                report(path, "properties", "no longer accepts \"" + property.getKey() + "\"");
            } else if (others.isObject()) {
                compare(path + ".additionalProperties", property.getValue(), others);
            } else if (others.isMissingNode() && closed) {
                report(
                        path,
                        "properties",
                        "no longer names \"" + property.getKey() + "\", which may be refused");
            }
        }
        if (!others.isMissingNode()) {
            JsonNode before = was.path("additionalProperties");
            if (isNever(others)) {
                if (!isNever(before)) {
                    report(path, "additionalProperties", "no longer accepts other properties");
                }
            } else if (!isNever(before)) {
                compare(path + ".additionalProperties", before, others);
            }
        }
    }

    private void report(String path, String keyword, String what) {
        report(new FieldError(path + "." + keyword, what));
    }

    private void report(FieldError found) {
        if (!breaks.contains(found)) {
            breaks.add(found);
        }
    }

    private static boolean isNever(JsonNode schema) {
        return schema.isBoolean() && !schema.booleanValue();
    }

    /** Whether there is a schema here, and one that refuses something. */
    private static boolean isRestrictive(JsonNode schema) {
        return isNever(schema) || (schema.isObject() && !schema.isEmpty());
    }

    /** As an object: {@code true} is the empty one, {@code false} forbids everything. */
    private static JsonNode normal(JsonNode schema) {
        if (isNever(schema)) {
            ObjectNode nothing = JsonNodeFactory.instance.objectNode();
            nothing.set("not", JsonNodeFactory.instance.objectNode());
            return nothing;
        }
        return schema.isObject() ? schema : JsonNodeFactory.instance.objectNode();
    }

    private static Set<String> texts(JsonNode node) {
        if (node instanceof MissingNode) {
            return Set.of();
        }
        if (node.isString()) {
            return Set.of(node.stringValue());
        }
        Set<String> texts = new java.util.LinkedHashSet<>();
        node.forEach(entry -> texts.add(entry.asString("")));
        return texts;
    }
}
