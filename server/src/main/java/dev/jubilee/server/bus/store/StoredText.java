package dev.jubilee.server.bus.store;

import dev.jubilee.events.EventId;

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
    static final int MAX_EVENT_ID = 100;

    private StoredText() {}

    /**
     * The id under which an event is known; one that is longer than any the bus lets in is known by
     * its hash.
     */
    public static String eventId(String id) {
        String clean = clean(id);
        return clean.length() <= MAX_EVENT_ID ? clean : EventId.derived("event id", id).toString();
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
