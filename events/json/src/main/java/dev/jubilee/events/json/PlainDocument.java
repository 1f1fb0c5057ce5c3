package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An envelope of {@link JsonEventCodec} as one JSON object, as {@link PlainJsonCodec} describes it.
 * Members without a place in an envelope travel in it as one extension, {@value #BEYOND}.
 * Thread-safe.
 */
final class PlainDocument {
    /** Holds, as JSON, the members of the object and of its metadata that nothing else holds. */
    static final String BEYOND = "plainmembers";

    private static final String METADATA = "metadata";
    private static final Pattern ATTRIBUTE = Pattern.compile("[a-z0-9]{1,100}");

    /** What the codec makes of other members, and nobody may say in the metadata. */
    private static final Set<String> RESERVED =
            Set.of(
                    BEYOND,
                    "kind",
                    "schemaversion",
                    "streamversion",
                    "userid",
                    "aggregatetype",
                    "service",
                    "action",
                    "level",
                    "component",
                    "id",
                    "type",
                    "time",
                    "specversion",
                    "data",
                    "correlationid",
                    "causationid",
                    "acceptedat");

    private final JsonMapper mapper = new JsonMapper();
    private final ObjectReader reader =
            mapper.reader().with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    byte[] write(Envelope envelope) {
        Map<String, String> extensions = new HashMap<>(envelope.extensions());
        ObjectNode root = mapper.createObjectNode();
        ObjectNode metadata = mapper.createObjectNode();
        root.put("id", envelope.id());
        root.put("type", envelope.type());
        root.put("timestamp", Rfc3339.text(envelope.time()));
        root.put("version", Long.parseLong(orElse(extensions.remove("streamversion"), "0")));
        String schemaVersion = extensions.remove("schemaversion");
        if (schemaVersion != null) {
            root.put("schemaVersion", Long.parseLong(schemaVersion));
        }
        root.set(METADATA, metadata);
        put(metadata, "correlationId", envelope.correlationId());
        put(metadata, "causationId", envelope.causationId());
        put(metadata, "userId", extensions.get("userid"));
        metadata.put("source", envelope.source());
        put(metadata, "environment", extensions.remove("environment"));
        JsonNode data = reader.readTree(envelope.data());
        switch (orElse(extensions.remove("kind"), "")) {
            case "domain" -> {
                put(root, "aggregateId", envelope.subject());
                put(root, "aggregateType", extensions.remove("aggregatetype"));
                root.set("data", data);
            }
            case "integration" -> {
                put(root, "service", extensions.remove("service"));
                put(root, "action", extensions.remove("action"));
                root.set("payload", data);
                put(metadata, "subject", envelope.subject());
            }
            default -> {
                put(root, "level", extensions.remove("level"));
                put(root, "component", extensions.remove("component"));
                addMissing(root, data);
                put(metadata, "subject", envelope.subject());
            }
        }
        rest(envelope, extensions, root, metadata);
        return mapper.writeValueAsBytes(root);
    }

    private void rest(
            Envelope envelope,
            Map<String, String> extensions,
            ObjectNode root,
            ObjectNode metadata) {
        String key = envelope.partitionKey();
        if (!Objects.equals(key, orderingKey(root, envelope, extensions.remove("userid")))) {
            metadata.put("partitionkey", orElse(key, ""));
        }
        if (envelope.priority() != Priority.NORMAL) {
            metadata.put("priority", envelope.priority().wireName());
        }
        if (!envelope.replayable()) {
            metadata.put("replayable", "false");
        }
        if (!envelope.contentType().equals(Envelope.JSON)) {
            metadata.put("datacontenttype", envelope.contentType());
        }
        String beyond = extensions.remove(BEYOND);
        extensions.forEach(metadata::put);
        if (beyond != null && reader.readTree(beyond) instanceof ObjectNode members) {
            if (members.remove(METADATA) instanceof ObjectNode ofMetadata) {
                addMissing(metadata, ofMetadata);
            }
            addMissing(root, members);
        }
    }

    /** A member whose name is taken, by another program's mistake, is left out. */
    private static void addMissing(ObjectNode to, JsonNode members) {
        members.properties()
                .forEach(member -> {
                    if (!to.has(member.getKey())) {
                        to.set(member.getKey(), member.getValue());
                    }
                });
    }

    /**
     * The envelope that the object is.
     *
     * @throws IllegalArgumentException if it is none
     */
    Envelope read(byte[] json) {
        try {
            if (reader.readTree(json) instanceof ObjectNode root) {
                return read(root);
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException("malformed JSON: " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException("expected a JSON object");
    }

    private Envelope read(ObjectNode root) {
        if (!(root.remove(METADATA) instanceof ObjectNode metadata)) {
            throw new IllegalArgumentException("'metadata' must be an object");
        }
        Map<String, String> extensions = new HashMap<>();
        String userId = take(metadata, "userId");
        String environment = take(metadata, "environment");
        String id = need(root, "id");
        Envelope.Builder envelope =
                Envelope.of(
                                id,
                                need(root, "type"),
                                need(metadata, "source"),
                                Rfc3339.parse(need(root, "timestamp")))
                        .causationId(take(metadata, "causationId"));
        String correlationId = take(metadata, "correlationId");
        envelope.correlationId(correlationId);
        put(extensions, "environment", environment);
        put(extensions, "userid", userId);
        long version = number(root, "version");
        if (version > 0) {
            extensions.put("streamversion", Long.toString(version));
        }
        if (root.path("schemaVersion").isIntegralNumber()) {
            extensions.put("schemaversion", Long.toString(number(root, "schemaVersion")));
        }
        String key = userId == null ? orElse(correlationId, id) : userId;
        JsonNode data = kind(root, envelope, extensions, key);
        envelope.json(mapper.writeValueAsBytes(data));
        attributes(metadata, envelope, extensions);
        beyond(root, metadata, extensions);
        return withContentType(metadata, envelope.extensions(extensions).build());
    }

    /** What the event is about, by the members that only its kind has. */
    private JsonNode kind(
            ObjectNode root,
            Envelope.Builder envelope,
            Map<String, String> extensions,
            String key) {
        if (root.has("aggregateId")) {
            String aggregate = need(root, "aggregateId");
            envelope.subject(aggregate).partitionKey(aggregate);
            extensions.put("kind", "domain");
            extensions.put("aggregatetype", need(root, "aggregateType"));
            return payload(root, "data");
        }
        if (root.has("service")) {
            envelope.partitionKey(key);
            extensions.put("kind", "integration");
            extensions.put("service", need(root, "service"));
            extensions.put("action", need(root, "action"));
            return payload(root, "payload");
        }
        if (root.has("component")) {
            String component = need(root, "component");
            envelope.partitionKey(component);
            extensions.put("kind", "system");
            extensions.put("level", need(root, "level"));
            extensions.put("component", component);
            ObjectNode data = root.deepCopy();
            root.removeAll();
            return data;
        }
        throw new IllegalArgumentException(
                "expected 'aggregateId' of a domain event, 'service' of an integration event or"
                        + " 'component' of a system event");
    }

    private JsonNode payload(ObjectNode root, String name) {
        JsonNode payload = root.remove(name);
        return payload == null ? mapper.createObjectNode() : payload;
    }

    /** Takes what an envelope has a place for. */
    private static void attributes(
            ObjectNode metadata, Envelope.Builder envelope, Map<String, String> extensions) {
        for (String name : metadata.propertyNames().toArray(String[]::new)) {
            if (!metadata.path(name).isString()
                    || !ATTRIBUTE.matcher(name).matches()
                    || RESERVED.contains(name)
                    || name.equals("datacontenttype")) {
                continue;
            }
            String value = metadata.remove(name).stringValue();
            switch (name) {
                case "subject" -> envelope.subject(value);
                case "partitionkey" -> envelope.partitionKey(value.isEmpty() ? null : value);
                case "priority" -> envelope.priority(Priority.of(value));
                case "replayable" -> envelope.replayable(!value.equals("false"));
                default -> extensions.put(name, value);
            }
        }
    }

    private static Envelope withContentType(ObjectNode metadata, Envelope envelope) {
        JsonNode said = metadata.path("datacontenttype");
        return said.isString()
                ? envelope.toBuilder().data(said.stringValue(), envelope.data()).build()
                : envelope;
    }

    /** Keeps what is left. */
    private void beyond(ObjectNode root, ObjectNode metadata, Map<String, String> extensions) {
        ObjectNode members = root.deepCopy();
        ObjectNode ofMetadata = metadata.deepCopy();
        ofMetadata.remove("datacontenttype");
        if (!ofMetadata.isEmpty()) {
            members.set(METADATA, ofMetadata);
        }
        if (!members.isEmpty()) {
            extensions.put(BEYOND, mapper.writeValueAsString(members));
        }
    }

    private static @Nullable String orderingKey(
            ObjectNode root, Envelope envelope, @Nullable String userId) {
        if (root.has("aggregateId")) {
            return envelope.subject();
        }
        if (root.has("service")) {
            return userId == null ? orElse(envelope.correlationId(), envelope.id()) : userId;
        }
        return root.path("component").asString();
    }

    private static long number(ObjectNode object, String name) {
        JsonNode value = object.remove(name);
        if (value == null || value.isNull()) {
            return 0;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException("'" + name + "' must be a whole number: " + value);
        }
        return value.longValue();
    }

    private static String need(ObjectNode object, String name) {
        String value = take(object, name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("'" + name + "' is missing");
        }
        return value;
    }

    private static @Nullable String take(ObjectNode object, String name) {
        JsonNode value = object.remove(name);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isString()) {
            throw new IllegalArgumentException("'" + name + "' must be a string, was " + value);
        }
        return value.stringValue();
    }

    private static void put(ObjectNode object, String name, @Nullable String value) {
        if (value != null) {
            object.put(name, value);
        }
    }

    private static void put(Map<String, String> into, String name, @Nullable String value) {
        if (value != null) {
            into.put(name, value);
        }
    }

    private static String orElse(@Nullable String value, String otherwise) {
        return value == null || value.isEmpty() ? otherwise : value;
    }
}
