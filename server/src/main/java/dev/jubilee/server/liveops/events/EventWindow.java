package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Input;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * From when to when, in whole milliseconds, as the bus stamps what events count by.
 *
 * @param end after the start; null runs until it is ended by hand
 */
public record EventWindow(Instant start, @Nullable Instant end) {
    private static final long MAX_SECONDS = Duration.ofDays(3_660).toSeconds();
    static final String TOO_LONG = "must come within ten years of start_time";
    private static final Instant FIRST = Instant.parse("2000-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("2200-01-01T00:00:00Z");

    /** How long, in seconds; null without an end. */
    @Nullable Integer seconds() {
        return end == null ? null : Math.toIntExact(seconds(start, end));
    }

    /** Whether it lasts longer than one that is read may. */
    boolean isTooLong() {
        return end != null && seconds(start, end) > MAX_SECONDS;
    }

    private static long seconds(Instant start, Instant end) {
        return Duration.between(start, end).toSeconds();
    }

    /** Reads {@code start_time} and {@code end_time} or {@code duration}; the start is required. */
    static EventWindow read(Input input) {
        Instant start =
                input.has("start_time") ? start(input, Instant.EPOCH) : input.instant("start_time");
        return of(input, start, readEnd(input, start, null));
    }

    /** The same for an update: what is not named stays, and an end that is null is taken away. */
    static EventWindow read(Input input, EventWindow before) {
        Instant start = start(input, before.start);
        Instant otherwise = input.isNull("end_time") ? null : before.end;
        return of(input, start, readEnd(input, start, otherwise));
    }

    /** Within bounds, so that whatever is added to it is a time as well. */
    private static Instant start(Input input, Instant otherwise) {
        Instant named = input.optionalInstant("start_time");
        if (named == null) {
            return otherwise;
        }
        if (named.isBefore(FIRST) || named.isAfter(LAST)) {
            input.reject("start_time", "must lie between the years 2000 and 2200");
            return otherwise;
        }
        return whole(named);
    }

    private static @Nullable Instant readEnd(
            Input input, Instant start, @Nullable Instant otherwise) {
        Instant named = input.optionalInstant("end_time");
        Instant end = named == null ? null : whole(named);
        Long seconds = input.optionalInteger("duration", 1, MAX_SECONDS);
        Instant meant = end == null ? otherwise : end;
        // As we tell it, in whole seconds: whoever sends it back changes nothing.
        if (seconds == null || (meant != null && seconds(start, meant) == seconds)) {
            return meant;
        }
        Instant byDuration = start.plusSeconds(seconds);
        if (end != null) {
            input.reject("duration", "does not agree with end_time; give one of them");
        }
        return byDuration;
    }

    private static Instant whole(Instant given) {
        return given.truncatedTo(ChronoUnit.MILLIS);
    }

    private static EventWindow of(Input input, Instant start, @Nullable Instant end) {
        if (end == null || !input.isFine()) {
            return new EventWindow(start, null);
        }
        long seconds = seconds(start, end);
        if (seconds < 1) {
            input.reject("end_time", "must come after start_time");
        } else if (seconds > MAX_SECONDS) {
            input.reject("end_time", TOO_LONG);
        } else {
            return new EventWindow(start, end);
        }
        return new EventWindow(start, null);
    }
}
