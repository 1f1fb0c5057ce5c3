package dev.jubilee.server.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.jubilee.events.Rfc3339;
import java.time.Instant;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/**
 * The JSON dialect of the platform: snake_case names, RFC 3339 times in UTC, absent rather than
 * null. Thread-safe.
 */
public final class Json {
    private static final JsonMapper MAPPER =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .addModule(new SimpleModule().addSerializer(Instant.class, new Moments()))
                    .changeDefaultPropertyInclusion(
                            i -> i.withValueInclusion(JsonInclude.Include.NON_NULL))
                    .build();

    /**
     * A tree takes up to 27 times the bytes that it is read from: of {@code {},} each three make an
     * object.
     */
    private static final int MAX_FOREIGN_TOKENS = 200_000;

    private static final JsonMapper FOREIGN =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxTokenCount(MAX_FOREIGN_TOKENS)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();

    /** The same text as the library's own, at a fifth of the cost. */
    private static final class Moments extends ValueSerializer<Instant> {
        @Override
        public void serialize(Instant moment, JsonGenerator json, SerializationContext context) {
            json.writeString(Rfc3339.text(moment));
        }
    }

    private Json() {}

    /** The mapper itself, for streaming readers and writers. */
    public static JsonMapper mapper() {
        return MAPPER;
    }

    /** UTF-8 JSON of a record, map or tree. */
    public static byte[] bytes(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    /** JSON text of a record, map or tree. */
    public static String text(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /**
     * Reads any JSON value.
     *
     * @throws JacksonException when the text is not JSON; its message names the position
     */
    public static JsonNode tree(String text) {
        return MAPPER.readTree(text);
    }

    /**
     * Reads any JSON value.
     *
     * @throws JacksonException when the bytes are not JSON; its message names the position
     */
    public static JsonNode tree(byte[] bytes) {
        return MAPPER.readTree(bytes);
    }

    /**
     * Reads any JSON value that somebody sent, of 200,000 tokens at most: names, values, and where
     * objects and lists begin and end.
     *
     * @throws StreamConstraintsException when it has more
     * @throws JacksonException when the bytes are not JSON; its message names the position
     */
    public static JsonNode foreignTree(byte[] bytes) {
        return FOREIGN.readTree(bytes);
    }

    /** Reads a record; unknown properties are refused. */
    public static <T> T read(String text, Class<T> type) {
        return MAPPER.readValue(text, type);
    }

    /** What is wrong with a document, for whoever sent it: without the parser's own inner names. */
    public static String fault(JacksonException fault) {
        String message = fault.getOriginalMessage();
        int inner = message.indexOf(" (start marker at ");
        String known = inner < 0 ? message : message.substring(0, inner);
        return known.replaceAll(", from `[^`]*`", "");
    }
}
