package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Reads one event from a JSON object; its first fault is kept, and the rest of it passed over. */
final class CloudEventReader {
    /** The attributes that are text and nothing else: a number there is a mistake. */
    private static final Set<String> TEXT =
            Set.of("specversion", "id", "source", "type", "subject", "time", "datacontenttype");

    private final JsonFactory json;
    private final InstantSource clock;

    CloudEventReader(JsonFactory json, InstantSource clock) {
        this.json = json;
        this.clock = clock;
    }

    /** Reads the value that the parser stands on, of the document given, to its end. */
    ParsedEvent read(JsonParser parser, byte[] document) {
        JsonToken token = parser.currentToken();
        if (token != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return new ParsedEvent.Invalid(
                    new InvalidCloudEvent(null, "expected a JSON object, was " + describe(token)));
        }
        CloudEventDraft draft = new CloudEventDraft();
        InvalidCloudEvent fault = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            try {
                member(parser, document, name, draft);
            } catch (InvalidCloudEvent e) {
                fault = fault == null ? e : fault;
                parser.skipChildren();
            }
        }
        if (fault != null) {
            return new ParsedEvent.Invalid(fault);
        }
        return finish(draft);
    }

    private ParsedEvent finish(CloudEventDraft draft) {
        try {
            Envelope envelope = draft.envelope(clock, this::textOf);
            return new ParsedEvent.Valid(envelope);
        } catch (InvalidCloudEvent e) {
            return new ParsedEvent.Invalid(e);
        }
    }

    private static void member(
            JsonParser parser, byte[] document, String name, CloudEventDraft draft) {
        switch (name) {
            case "data" -> {
                if (parser.currentToken() != JsonToken.VALUE_NULL) {
                    boolean string = parser.currentToken() == JsonToken.VALUE_STRING;
                    draft.data(slice(parser, document), string);
                }
            }
            case "data_base64" -> {
                String encoded = text(parser, name);
                if (encoded != null) {
                    draft.base64(encoded);
                }
            }
            default -> {
                String value = text(parser, name);
                if (value != null) {
                    draft.attribute(name, value);
                }
            }
        }
    }

    /** The value's bytes as they stand in the document. */
    private static byte[] slice(JsonParser parser, byte[] document) {
        long start = parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        long end = parser.currentLocation().getByteOffset();
        if (start < 0 || end < start) { // the parser knows no bytes of what it had to decode first
            throw new InvalidCloudEvent(null, "expected JSON in UTF-8");
        }
        return Arrays.copyOfRange(document, Math.toIntExact(start), Math.toIntExact(end));
    }

    /** The text within a JSON string that was read before. */
    private String textOf(byte[] string) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), string)) {
            parser.nextToken();
            return parser.getString();
        }
    }

    private static @Nullable String text(JsonParser parser, String name) {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case VALUE_NULL -> null;
            case VALUE_STRING -> parser.getString();
            case VALUE_TRUE, VALUE_FALSE, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
                if (TEXT.contains(name)) {
                    throw notText(name, token);
                }
                yield parser.getString();
            }
            default -> throw notText(name, token);
        };
    }

    private static InvalidCloudEvent notText(String name, JsonToken token) {
        return new InvalidCloudEvent(
                name, "'" + name + "' must be a string, was " + describe(token));
    }

    private static String describe(@Nullable JsonToken token) {
        if (token == null) {
            return "nothing";
        }
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_NULL -> "null";
            case VALUE_STRING -> "a string";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            default -> token.toString();
        };
    }
}
