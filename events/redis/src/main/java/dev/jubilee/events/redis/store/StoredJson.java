package dev.jubilee.events.redis.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.StoredEvent;
import java.io.StringWriter;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * An event as a JSON object. Version and position come first, which the server writes; then the id,
 * by which it knows an append that is repeated; the data comes last, as JSON where it is some, byte
 * for byte. Thread-safe.
 */
final class StoredJson {
    private static final String ID = "id";
    private static final String DATA = "data";

    private final JsonFactory json = new JsonFactory();

    /** The member that holds the id. */
    String id(Envelope event) {
        StringWriter out = new StringWriter();
        try (JsonGenerator generator = json.createGenerator(ObjectWriteContext.empty(), out)) {
            generator.writeStartObject();
            generator.writeStringProperty(ID, event.id());
            generator.writeEndObject();
        }
        return out.getBuffer().substring(1, out.getBuffer().length() - 1);
    }

    /** What follows the id, to the end of the object. */
    String rest(Envelope event) {
        StringWriter out = new StringWriter(256 + event.data().length);
        try (JsonGenerator generator = json.createGenerator(ObjectWriteContext.empty(), out)) {
            generator.writeStartObject();
            generator.writeStringProperty("type", event.type());
            generator.writeStringProperty("source", event.source());
            generator.writeStringProperty("time", event.time().toString());
            text(generator, "subject", event.subject());
            text(generator, "partitionkey", event.partitionKey());
            Instant accepted = event.acceptedAt();
            text(generator, "acceptedat", accepted == null ? null : accepted.toString());
            text(generator, "correlationid", event.correlationId());
            text(generator, "causationid", event.causationId());
            if (event.priority() != Priority.NORMAL) {
                generator.writeStringProperty("priority", event.priority().wireName());
            }
            if (!event.replayable()) {
                generator.writeBooleanProperty("replayable", false);
            }
            if (event.idOrigin() != IdOrigin.CLIENT) {
                generator.writeStringProperty("idorigin", event.idOrigin().name());
            }
            if (!event.extensions().isEmpty()) {
                generator.writeObjectPropertyStart("extensions");
                event.extensions().forEach(generator::writeStringProperty);
                generator.writeEndObject();
            }
            generator.writeStringProperty("contenttype", event.contentType());
            data(generator, event);
            generator.writeEndObject();
        }
        return out.getBuffer().substring(1);
    }

    private static void text(JsonGenerator generator, String name, @Nullable String value) {
        if (value != null) {
            generator.writeStringProperty(name, value);
        }
    }

    private void data(JsonGenerator generator, Envelope event) {
        String text = new String(event.data(), UTF_8);
        if (event.contentType().equals(Envelope.JSON) && isOneValue(text, event.data())) {
            generator.writeName(DATA);
            generator.writeRawValue(text);
        } else {
            generator.writeStringProperty(
                    "data_base64", Base64.getEncoder().encodeToString(event.data()));
        }
    }

    /** Whether it can stand where it is, and be cut out again as it was. */
    private boolean isOneValue(String text, byte[] data) {
        if (text.isEmpty()
                || !text.equals(text.strip())
                || !Arrays.equals(text.getBytes(UTF_8), data)) {
            return false;
        }
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), text)) {
            parser.nextToken();
            parser.skipChildren();
            return parser.nextToken() == null;
        } catch (JacksonException e) {
            return false;
        }
    }

    /**
     * An event of the stream.
     *
     * @throws EventStoreFailure if the text is none
     */
    StoredEvent read(String stream, String text) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), text)) {
            Map<String, String> attributes = new HashMap<>();
            Map<String, String> extensions = new HashMap<>();
            byte[] data = null;
            parser.nextToken();
            while (data == null && parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case DATA -> data = lastValue(parser, text).getBytes(UTF_8);
                    case "data_base64" -> data = Base64.getDecoder().decode(parser.getString());
                    case "extensions" -> texts(parser, extensions);
                    default -> attributes.put(name, parser.getString());
                }
            }
            Envelope event = envelope(attributes, extensions, data == null ? new byte[0] : data);
            long version = Long.parseLong(needed(attributes, "version"));
            long position = Long.parseLong(needed(attributes, "position"));
            return new StoredEvent(stream, version, position, event);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new EventStoreFailure(
                    "an event of " + stream + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** From where the parser stands to the end of the object. */
    private static String lastValue(JsonParser parser, String text) {
        long start = parser.currentTokenLocation().getCharOffset();
        return text.substring(Math.toIntExact(start), text.length() - 1);
    }

    private static void texts(JsonParser parser, Map<String, String> into) {
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            into.put(name, parser.getString());
        }
    }

    private static Envelope envelope(
            Map<String, String> attributes, Map<String, String> extensions, byte[] data) {
        String accepted = attributes.get("acceptedat");
        String priority = attributes.get("priority");
        String origin = attributes.get("idorigin");
        return Envelope.of(
                        needed(attributes, ID),
                        needed(attributes, "type"),
                        needed(attributes, "source"),
                        Instant.parse(needed(attributes, "time")))
                .subject(attributes.get("subject"))
                .partitionKey(attributes.get("partitionkey"))
                .acceptedAt(accepted == null ? null : Instant.parse(accepted))
                .correlationId(attributes.get("correlationid"))
                .causationId(attributes.get("causationid"))
                .priority(priority == null ? Priority.NORMAL : Priority.of(priority))
                .replayable(!"false".equals(attributes.get("replayable")))
                .idOrigin(origin == null ? IdOrigin.CLIENT : IdOrigin.valueOf(origin))
                .extensions(extensions)
                .data(needed(attributes, "contenttype"), data)
                .build();
    }

    private static String needed(Map<String, String> attributes, String name) {
        String value = attributes.get(name);
        if (value == null) {
            throw new IllegalArgumentException("it has no " + name);
        }
        return value;
    }
}
