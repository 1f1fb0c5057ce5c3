package dev.jubilee.events;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came with an event and this program has no place for: sent by a newer or another program. It
 * is carried along and written again with the event, so that passing an event on loses nothing.
 *
 * @param attributes of the envelope, by name
 * @param payload values within the payload by their JSON Pointer (RFC 6901), such as {@code
 *     /bonus/source}; plain values, as in {@link PayloadTree}
 */
public record UnknownFields(Map<String, String> attributes, Map<String, @Nullable Object> payload) {
    /** None: the ordinary case. */
    public static final UnknownFields NONE = new UnknownFields(Map.of(), Map.of());

    /** Copies both; written out, because what is nullable within a type is lost otherwise. */
    public UnknownFields(Map<String, String> attributes, Map<String, @Nullable Object> payload) {
        this.attributes = Map.copyOf(attributes);
        this.payload = PlainValues.copyOf(payload);
    }

    public boolean isEmpty() {
        return attributes.isEmpty() && payload.isEmpty();
    }
}
