package dev.jubilee.server.bus.delivery.streams;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code id} of an event on a stream, by which a client that comes back says how far it came.
 *
 * @param stream over which the event came; null where events are acknowledged, and by the delivery
 *     alone
 */
record StreamEventId(long delivery, @Nullable Long stream) {
    private static final int RADIX = 36;
    private static final Pattern FORM = Pattern.compile("([0-9]{1,18})(?:-([0-9a-z]{1,13}))?");

    /** The id that the text is; null if it is none. */
    static @Nullable StreamEventId parse(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            return null;
        }
        String stream = parts.group(2);
        try {
            return new StreamEventId(
                    Long.parseLong(parts.group(1)),
                    stream == null ? null : Long.parseUnsignedLong(stream, RADIX));
        } catch (NumberFormatException e) {
            // More than 64 bits.
            return null;
        }
    }

    String text() {
        return stream == null ? Long.toString(delivery) : delivery + ending(stream);
    }

    /** The ending of ids of a stream, behind the delivery. */
    static String ending(long stream) {
        return "-" + Long.toUnsignedString(stream, RADIX);
    }
}
