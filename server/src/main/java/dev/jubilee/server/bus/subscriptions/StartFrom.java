package dev.jubilee.server.bus.subscriptions;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/** Where a subscription begins: {@code now}, {@code beginning}, or a time. */
final class StartFrom {
    static final String NOW = "now";
    static final String BEGINNING = "beginning";

    private StartFrom() {}

    /** Whether it says where to begin. */
    static boolean isValid(String text) {
        return text.equals(NOW) || text.equals(BEGINNING) || time(text) != null;
    }

    /** The time, if it is one. */
    static @Nullable Instant time(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }
}
