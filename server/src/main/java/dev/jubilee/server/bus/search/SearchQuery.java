package dev.jubilee.server.bus.search;

import dev.jubilee.events.Rfc3339;
import dev.jubilee.server.database.UuidOrder;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Problem.FieldError;
import dev.jubilee.server.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * The query of a search.
 *
 * @param indexed whether an index finds it at once
 */
record SearchQuery(Span span, EventConditions where, int limit, boolean indexed) {
    /** The query parameters that are known. */
    static final String[] PARAMETERS = {
        "event_type",
        "topic",
        "key",
        "source",
        "correlation_id",
        "causation_id",
        "payload",
        "start_time",
        "end_time",
        "limit",
        "cursor"
    };

    private static final Duration DEFAULT_SPAN = Duration.ofHours(24);
    private static final Instant LATEST = Instant.parse("9999-12-31T00:00:00Z");

    /**
     * Reads it.
     *
     * @throws dev.jubilee.server.http.ProblemException 422 with every fault
     */
    static SearchQuery of(Call call, Instant now) {
        List<FieldError> faults = new ArrayList<>();
        Instant end = time(call, "end_time", now.plusSeconds(1), faults);
        Instant start = time(call, "start_time", end.minus(DEFAULT_SPAN), faults);
        if (faults.isEmpty() && !start.isBefore(end)) {
            faults.add(new FieldError("start_time", "must be before end_time"));
        }
        EventConditions where = new EventConditions();
        pattern(call, "event_type", where, faults);
        pattern(call, "topic", where, faults);
        for (String column : List.of("key", "source", "correlation_id", "causation_id")) {
            where.equal(column, call.query(column));
        }
        where.contains(payload(call, faults));
        Span span = Span.of(start, end);
        UUID cursor = cursor(call, faults);
        if (!faults.isEmpty()) {
            throw Problem.invalid(faults).asException();
        }
        if (cursor != null && UuidOrder.compare(cursor, span.to()) < 0) {
            span = new Span(span.from(), cursor);
        }
        boolean indexed =
                call.query("correlation_id") != null || call.query("causation_id") != null;
        return new SearchQuery(span, where, Page.of(call).limit(), indexed);
    }

    private static Instant time(
            Call call, String name, Instant otherwise, List<FieldError> faults) {
        String given = call.query(name);
        if (given == null) {
            return otherwise;
        }
        try {
            Instant time = Rfc3339.parse(given);
            if (!time.isBefore(Instant.EPOCH) && time.isBefore(LATEST)) {
                return time;
            }
        } catch (IllegalArgumentException e) {
            // Refused below, like a time out of bounds.
        }
        String message = "must be a time like 2026-11-21T10:00:00Z, was \"" + given + "\"";
        faults.add(new FieldError(name, message));
        return otherwise;
    }

    private static void pattern(
            Call call, String name, EventConditions where, List<FieldError> faults) {
        String given = call.query(name);
        if (given == null) {
            return;
        }
        try {
            where.matches(name, List.of(given));
        } catch (IllegalArgumentException e) {
            faults.add(new FieldError(name, String.valueOf(e.getMessage())));
        }
    }

    private static @Nullable String payload(Call call, List<FieldError> faults) {
        String given = call.query("payload");
        if (given == null) {
            return null;
        }
        try {
            if (Json.tree(given).isObject() && !given.contains("\\u0000")) {
                return given;
            }
        } catch (JacksonException e) {
            // Refused below, like JSON of another kind.
        }
        String example = "{\"action_data\":{\"weapon\":\"bow\"}}";
        faults.add(new FieldError("payload", "must be a JSON object such as " + example));
        return null;
    }

    private static @Nullable UUID cursor(Call call, List<FieldError> faults) {
        String given = call.query("cursor");
        if (given == null) {
            return null;
        }
        try {
            UUID cursor = UUID.fromString(given);
            if (cursor.toString().equals(given)) {
                return cursor;
            }
        } catch (IllegalArgumentException e) {
            // Refused below, like one in another spelling.
        }
        faults.add(new FieldError("cursor", "must be the next_cursor of an earlier answer"));
        return null;
    }
}
