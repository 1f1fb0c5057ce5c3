package dev.jubilee.server.bus.topics;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;

/** The references of a JSON Schema to places within it. */
final class SchemaReferences {
    private static final List<String> REFERENCES = List.of("$ref", "$dynamicRef");

    /** The more what is within them accepts, the less may be accepted by the whole. */
    private static final List<String> INVERTING = List.of("not", "oneOf", "if");

    private SchemaReferences() {}

    /** Every text that a schema refers to another place by. */
    static Set<String> in(JsonNode schema) {
        Set<String> found = new TreeSet<>();
        collect(schema, found);
        return found;
    }

    private static void collect(JsonNode node, Set<String> into) {
        for (String keyword : REFERENCES) {
            if (node.path(keyword).isString()) {
                into.add(node.get(keyword).stringValue());
            }
        }
        node.forEach(one -> collect(one, into));
    }

    /** Null where it leads to no place, or by other means than a path. */
    static @Nullable JsonNode at(String reference, JsonNode schema) {
        if (reference.equals("#")) {
            return schema;
        }
        if (!reference.startsWith("#/")) {
            return null;
        }
        try {
            String path = URI.create(reference).getFragment();
            JsonNode found = schema.at(JsonPointer.compile(path));
            return found.isMissingNode() ? null : found;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The references within what inverts, and all that they lead to. */
    static Set<String> inverted(JsonNode schema) {
        Set<String> found = new TreeSet<>();
        inverted(schema, found);
        List<String> open = new ArrayList<>(found);
        while (!open.isEmpty()) {
            JsonNode there = at(open.removeLast(), schema);
            Set<String> next = there == null ? Set.of() : in(there);
            next.stream().filter(found::add).forEach(open::add);
        }
        return found;
    }

    private static void inverted(JsonNode node, Set<String> into) {
        for (String keyword : INVERTING) {
            collect(node.path(keyword), into);
        }
        if (node.has("maxContains")) {
            collect(node.path("contains"), into);
        }
        node.forEach(one -> inverted(one, into));
    }
}
