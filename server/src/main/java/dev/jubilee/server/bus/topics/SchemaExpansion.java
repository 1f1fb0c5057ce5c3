package dev.jubilee.server.bus.topics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * How many schemas one value is held against, references followed. A reference that leads back to
 * where it stands without going into the value has no end, and a few that each lead to two others
 * are soon more than can be worked through. What goes into the value ends with it. For one schema.
 */
final class SchemaExpansion {
    private static final int MOST = 10_000;
    private static final int LONGEST = 200;
    private static final long UNDER_WAY = -1;
    private static final List<String> REFERENCES = List.of("$ref", "$dynamicRef");
    private static final List<String> ANCHORS = List.of("$anchor", "$dynamicAnchor");
    private static final List<String> LISTS = List.of("allOf", "anyOf", "oneOf");
    private static final List<String> SINGLE = List.of("not", "if", "then", "else");

    private final JsonNode document;
    private final Map<String, JsonNode> anchors = new HashMap<>();
    private final IdentityHashMap<JsonNode, Long> sizes = new IdentityHashMap<>();

    private static final class Unbounded extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unbounded(String message) {
            super(message);
        }
    }

    private SchemaExpansion(JsonNode document) {
        this.document = document;
    }

    /** What is wrong with it; null when nothing is. */
    static @Nullable String fault(JsonNode document) {
        SchemaExpansion expansion = new SchemaExpansion(document);
        expansion.findAnchors(document);
        try {
            expansion.walk(document);
            return null;
        } catch (Unbounded e) {
            return e.getMessage();
        }
    }

    private void findAnchors(JsonNode node) {
        for (String keyword : ANCHORS) {
            if (node.path(keyword).isString()) {
                anchors.put("#" + node.get(keyword).stringValue(), node);
            }
        }
        node.forEach(this::findAnchors);
    }

    private void walk(JsonNode node) {
        if (node.isObject()) {
            long _ = size(node, 0);
        }
        node.forEach(this::walk);
    }

    private long size(JsonNode schema, int way) {
        Long known = sizes.get(schema);
        if (known != null && known != UNDER_WAY) {
            return known;
        }
        if (known != null) {
            throw new Unbounded("refers to itself without end");
        }
        if (way == LONGEST) {
            throw new Unbounded("refers on and on, more than " + LONGEST + " times");
        }
        sizes.put(schema, UNDER_WAY);
        long size = 1;
        for (JsonNode next : besides(schema)) {
            size += size(next, way + 1);
            if (size > MOST) {
                throw new Unbounded("holds one value against more than " + MOST + " schemas");
            }
        }
        sizes.put(schema, size);
        return size;
    }

    /** The schemas that the same value must be held against. */
    private List<JsonNode> besides(JsonNode schema) {
        List<JsonNode> next = new ArrayList<>();
        for (String keyword : REFERENCES) {
            if (schema.path(keyword).isString()) {
                String reference = schema.get(keyword).stringValue();
                JsonNode there = SchemaReferences.at(reference, document);
                there = there == null ? anchors.get(reference) : there;
                if (there != null) {
                    next.add(there);
                }
            }
        }
        for (String keyword : LISTS) {
            if (schema.path(keyword).isArray()) {
                schema.get(keyword).forEach(next::add);
            }
        }
        for (String keyword : SINGLE) {
            if (schema.path(keyword).isObject()) {
                next.add(schema.get(keyword));
            }
        }
        if (schema.path("dependentSchemas").isObject()) {
            schema.get("dependentSchemas").forEach(next::add);
        }
        return next;
    }
}
