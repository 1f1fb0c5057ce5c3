package dev.jubilee.server.bus.subscriptions;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/** Where a subscription begins: {@code now}, {@code beginning}, or a time. */
final class StartFrom {
    static final String NOW = "now";
    static final String BEGINNING = "beginning";

    /** No event is from another time, and not every time has a place in Kafka. */
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private StartFrom() {}

    /** Whether it says where to begin. */
    static boolean isValid(String text) {
        return text.equals(NOW) || text.equals(BEGINNING) || time(text) != null;
    }

    /** The time, if it is one from 1970 to 9999. */
    static @Nullable Instant time(String text) {
        try {
            Instant time = OffsetDateTime.parse(text).toInstant();
            return time.isBefore(Instant.EPOCH) || time.isAfter(LATEST) ? null : time;
        } catch (DateTimeException e) {
            return null;
        }
    }
}
