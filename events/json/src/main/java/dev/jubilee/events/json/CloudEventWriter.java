package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.Priority;
import dev.jubilee.events.Rfc3339;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Writes one event as a JSON object. */
final class CloudEventWriter {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** In bytes, of the encodings that a parser looks for. */
    private static final int LONGEST_UNIT = 4;

    private final JsonFactory json;

    CloudEventWriter(JsonFactory json) {
        this.json = json;
    }

    /** Writes through the generator, whose target is {@code out}. */
    void write(Envelope envelope, JsonGenerator generator, ByteArrayOutputStream out) {
        generator.writeStartObject();
        generator.writeStringProperty("specversion", "1.0");
        generator.writeStringProperty("id", envelope.id());
        generator.writeStringProperty("source", envelope.source());
        generator.writeStringProperty("type", envelope.type());
        optional(generator, "subject", envelope.subject());
        generator.writeStringProperty("time", Rfc3339.text(envelope.time()));
        optional(generator, "partitionkey", envelope.partitionKey());
        optional(generator, "correlationid", envelope.correlationId());
        optional(generator, "causationid", envelope.causationId());
        if (envelope.acceptedAt() != null) {
            generator.writeStringProperty("acceptedat", Rfc3339.text(envelope.acceptedAt()));
        }
        if (envelope.priority() != Priority.NORMAL) {
            generator.writeStringProperty("priority", envelope.priority().wireName());
        }
        if (!envelope.replayable()) {
            generator.writeBooleanProperty("replayable", false);
        }
        for (Map.Entry<String, String> extension : envelope.extensions().entrySet()) {
            generator.writeStringProperty(extension.getKey(), extension.getValue());
        }
        generator.writeStringProperty("datacontenttype", envelope.contentType());
        if (envelope.data().length > 0) {
            data(envelope, generator, out);
        }
        generator.writeEndObject();
    }

    private void data(Envelope envelope, JsonGenerator generator, ByteArrayOutputStream out) {
        byte[] data = envelope.data();
        if (MediaTypes.isJson(envelope.contentType())
                && isPlainUtf8(data)
                && isOneJsonValue(data)) {
            // An empty raw value writes what precedes a value; the value itself follows as bytes.
            generator.writeName("data");
            generator.writeRawValue("");
            generator.flush();
            out.writeBytes(data);
            return;
        }
        String text = MediaTypes.isText(envelope.contentType()) ? utf8(data) : null;
        if (text != null) {
            generator.writeStringProperty("data", text);
        } else {
            generator.writeName("data_base64");
            generator.writeBinary(data);
        }
    }

    /**
     * Whether it may stand within a document in UTF-8: a parser of its own would also take it with
     * a byte order mark, in UTF-16 or in UTF-32, whose zeros give them away.
     */
    private static boolean isPlainUtf8(byte[] data) {
        for (int i = 0; i < Math.min(data.length, LONGEST_UNIT); i++) {
            if (data[i] == 0) {
                return false;
            }
        }
        for (byte each : data) {
            if (each < 0) {
                String text = utf8(data);
                return text != null && text.charAt(0) != BYTE_ORDER_MARK;
            }
        }
        return true;
    }

    private boolean isOneJsonValue(byte[] data) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), data)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                return false;
            }
            parser.skipChildren();
            parser.finishToken();
            return parser.nextToken() == null;
        } catch (JacksonException e) {
            return false;
        }
    }

    private static @Nullable String utf8(byte[] data) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static void optional(JsonGenerator generator, String name, @Nullable String value) {
        if (value != null) {
            generator.writeStringProperty(name, value);
        }
    }
}
