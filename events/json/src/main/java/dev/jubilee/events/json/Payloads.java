package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.PayloadTree;
import dev.jubilee.events.Upcaster;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.DeserializationProblemHandler;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Payloads as JSON: objects of their class, plain values, and the fields that no class has. */
final class Payloads {
    private static final Object UNKNOWN_NAMES = new Object();

    private final JsonMapper mapper;
    private final ObjectReader plain;

    Payloads(JsonMapper mapper) {
        this.mapper = mapper.rebuild().addHandler(new UnknownFieldHandler()).build();
        this.plain = this.mapper.reader().with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    }

    /** A payload, and what its JSON has beyond it, by JSON Pointer. */
    record Read(Object value, Map<String, @Nullable Object> unknown) {}

    /**
     * The payload as plain values; one that is empty has no fields.
     *
     * @throws IllegalArgumentException if it is no JSON
     */
    Read readPlain(Envelope envelope) {
        return new Read(plainValue(envelope), Map.of());
    }

    /**
     * The payload as an object of the class.
     *
     * @throws IllegalArgumentException if it is none
     */
    Read read(Envelope envelope, Class<?> type) {
        requireJson(envelope);
        Set<String> unknown = new HashSet<>();
        byte[] json = envelope.data();
        try {
            Object value =
                    mapper.readerFor(type).withAttribute(UNKNOWN_NAMES, unknown).readValue(json);
            requireValue(value);
            return unknown.isEmpty()
                    ? new Read(value, Map.of())
                    : new Read(value, beyond(value, plain.readTree(json), unknown));
        } catch (JacksonException e) {
            throw invalid(e);
        }
    }

    /** The payload as an object of the class, once its tree was brought to the current version. */
    @SuppressWarnings("unchecked") // objects are read as maps by name
    Read read(Envelope envelope, Class<?> type, Upcaster upcaster) {
        if (!(plainValue(envelope) instanceof Map<?, ?> fields)) {
            throw new IllegalArgumentException("expected the payload to be an object");
        }
        upcaster.upcast(new PayloadTree((Map<String, @Nullable Object>) fields));
        Set<String> unknown = new HashSet<>();
        try {
            JsonNode tree = mapper.valueToTree(fields);
            Object value =
                    mapper.readerFor(type).withAttribute(UNKNOWN_NAMES, unknown).readValue(tree);
            requireValue(value);
            return unknown.isEmpty()
                    ? new Read(value, Map.of())
                    : new Read(value, beyond(value, tree, unknown));
        } catch (JacksonException e) {
            throw invalid(e);
        }
    }

    /**
     * The payload as JSON, with the fields given where their parents are there and they are not.
     *
     * @throws IllegalArgumentException if it cannot be written
     */
    byte[] write(Object payload, Map<String, @Nullable Object> unknown) {
        try {
            if (unknown.isEmpty()) {
                return mapper.writeValueAsBytes(payload);
            }
            JsonNode tree = mapper.valueToTree(payload);
            unknown.forEach((pointer, value) -> {
                JsonPointer place = JsonPointer.compile(pointer);
                if (tree.at(place.head()) instanceof ObjectNode parent) {
                    String name = place.last().getMatchingProperty();
                    if (!parent.has(name)) {
                        parent.set(name, mapper.valueToTree(value));
                    }
                }
            });
            return mapper.writeValueAsBytes(tree);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the payload cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    private Object plainValue(Envelope envelope) {
        requireJson(envelope);
        if (envelope.data().length == 0) {
            return new LinkedHashMap<String, @Nullable Object>();
        }
        try {
            return requireValue(plain.forType(Object.class).readValue(envelope.data()));
        } catch (JacksonException e) {
            throw invalid(e);
        }
    }

    /**
     * Fields of the tree that the value does not write, of the names that its class did not know.
     * Found by comparing, because Jackson loses the path to a field that comes before the fields it
     * needs for a constructor.
     */
    private Map<String, @Nullable Object> beyond(Object value, JsonNode tree, Set<String> names) {
        Map<String, @Nullable Object> found = new LinkedHashMap<>();
        collect(tree, mapper.valueToTree(value), JsonPointer.empty(), names, found);
        return found;
    }

    private void collect(
            JsonNode all,
            JsonNode known,
            JsonPointer at,
            Set<String> names,
            Map<String, @Nullable Object> found) {
        if (all.isArray() && known.isArray()) {
            for (int i = 0; i < Math.min(all.size(), known.size()); i++) {
                collect(all.get(i), known.get(i), at.appendIndex(i), names, found);
            }
        }
        if (!all.isObject() || !known.isObject()) {
            return;
        }
        for (Map.Entry<String, JsonNode> field : all.properties()) {
            JsonPointer place = at.appendProperty(field.getKey());
            JsonNode counterpart = known.get(field.getKey());
            if (counterpart != null) {
                collect(field.getValue(), counterpart, place, names, found);
            } else if (names.contains(field.getKey())) {
                found.put(place.toString(), mapper.treeToValue(field.getValue(), Object.class));
            }
        }
    }

    private static void requireJson(Envelope envelope) {
        if (!MediaTypes.isJson(envelope.contentType())) {
            throw new IllegalArgumentException(
                    "expected a payload of JSON, was " + envelope.contentType());
        }
    }

    private static Object requireValue(@Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException("the payload is null");
        }
        return value;
    }

    private static IllegalArgumentException invalid(JacksonException e) {
        return new IllegalArgumentException(
                "the payload is not as expected: " + e.getOriginalMessage(), e);
    }

    /** Takes note of the names of fields that a class does not have, and passes over them. */
    private static final class UnknownFieldHandler extends DeserializationProblemHandler {
        @Override
        @SuppressWarnings("unchecked")
        public boolean handleUnknownProperty(
                DeserializationContext context,
                JsonParser parser,
                ValueDeserializer<?> deserializer,
                Object beanOrClass,
                String name) {
            if (context.getAttribute(UNKNOWN_NAMES) instanceof Set<?> names) {
                ((Set<String>) names).add(name);
                parser.skipChildren();
                return true;
            }
            return false;
        }
    }
}
