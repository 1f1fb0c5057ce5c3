package dev.jubilee.server.bus.store;

import dev.jubilee.events.EventId;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Text as the columns of the bus take it. The store and the deliveries of an event are joined by
 * its id, so both write it as {@link #eventId} says.
 */
public final class StoredText {
    /**
     * At the end of a stored content type: the payload is in Base64. Types that end so themselves
     * are not let in.
     */
    public static final String BASE64 = ";base64";

    /** The longest id of an event, in characters. */
    public static final int MAX_EVENT_ID = 100;

    /** The longest source of an event. */
    public static final int MAX_SOURCE = 100;

    /** The longest key, and the longest id of a subject, a correlation or a cause. */
    public static final int MAX_KEY = 255;

    /** The longest type of a payload. */
    public static final int MAX_CONTENT_TYPE = 100;

    private StoredText() {}

    /**
     * The id under which an event is known; one that is longer than any the bus lets in is known by
     * its hash.
     */
    public static String eventId(String id) {
        String clean = clean(id);
        return clean.length() <= MAX_EVENT_ID ? clean : EventId.derived("event id", id).toString();
    }

    /**
     * The key of the event's row, when the bus may have made the id. In any other spelling than the
     * bus's own it is a client's.
     */
    public static @Nullable UUID rowOf(String eventId) {
        if (eventId.length() != 36 || eventId.charAt(14) != '7') {
            return null;
        }
        try {
            UUID id = UUID.fromString(eventId);
            return id.version() == 7 && id.toString().equals(eventId) ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The text without U+0000, which PostgreSQL cannot hold. */
    public static String clean(String text) {
        return text.indexOf('\u0000') < 0 ? text : text.replace('\u0000', '\uFFFD');
    }

    /** The text as a column of that many characters takes it; no surrogate pair is cut in two. */
    public static String clip(String text, int max) {
        String clean = clean(text);
        if (clean.length() <= max) {
            return clean;
        }
        int end = Character.isHighSurrogate(clean.charAt(max - 1)) ? max - 1 : max;
        return clean.substring(0, end);
    }
}
