package dev.jubilee.events.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The binary mode of the <a
 * href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md">CloudEvents
 * HTTP binding</a>: attributes are headers {@code ce-…}, percent-encoded, the body is the data, its
 * media type is {@code Content-Type}. Thread-safe.
 */
public final class CloudEventsHttp {
    /** What the headers of attributes begin with. */
    public static final String PREFIX = "ce-";

    /** The header by which a request in this mode is known. */
    public static final String MARK = "ce-specversion";

    private final InstantSource clock;

    /** The clock tells the time of an event that has none. */
    public CloudEventsHttp(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Reads an event.
     *
     * @param attributes the values of the headers by the names of the attributes
     * @param contentType of the body; null when none was named
     * @throws InvalidCloudEvent if they are none
     */
    public Envelope read(
            Map<String, String> attributes, @Nullable String contentType, byte[] body) {
        CloudEventDraft draft = new CloudEventDraft();
        attributes.forEach((name, value) -> {
            if (name.equals("datacontenttype")) {
                throw new InvalidCloudEvent(
                        name, "'datacontenttype' travels as Content-Type in binary mode");
            }
            draft.attribute(name, decoded(name, value));
        });
        if (contentType != null) {
            draft.attribute("datacontenttype", contentType);
        }
        if (body.length > 0) {
            draft.bytes(body);
        }
        return draft.envelope(clock, string -> new String(string, UTF_8));
    }

    private static String decoded(String name, String value) {
        if (value.indexOf('%') < 0) {
            return value;
        }
        byte[] bytes = new byte[value.length()];
        int length = 0;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '%') {
                int high = digit(value, i + 1);
                int low = digit(value, i + 2);
                if (high < 0 || low < 0) {
                    throw notEncoded(name);
                }
                bytes[length++] = (byte) (high << 4 | low);
                i += 2;
            } else if (c < 128) {
                bytes[length++] = (byte) c;
            } else {
                throw notEncoded(name);
            }
        }
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length)).toString();
        } catch (CharacterCodingException e) {
            throw notEncoded(name);
        }
    }

    private static int digit(String value, int at) {
        return at < value.length() ? Character.digit(value.charAt(at), 16) : -1;
    }

    private static InvalidCloudEvent notEncoded(String name) {
        return new InvalidCloudEvent(name, "'" + name + "' is not percent-encoded UTF-8");
    }
}
