package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Tells the bus and the other instances what became of a live event, in its transaction. */
final class LiveEventAnnouncer {
    /** The subject under which changes of live events are announced; the id is the event's. */
    static final String SUBJECT = "live_events";

    private LiveEventAnnouncer() {}

    /** The live event itself was created or changed. */
    static void tell(Connection connection, String what, LiveEvent event, Instant now)
            throws SQLException {
        ObjectNode data = JsonNodeFactory.instance.objectNode();
        data.put("event_id", event.eventId());
        data.put("name", event.name());
        data.put("event_type", event.eventType());
        data.put("category", event.category());
        data.put("status", event.status().text());
        data.put("start_time", event.window().start().toString());
        if (event.window().end() != null) {
            data.put("end_time", event.window().end().toString());
        }
        data.put("version", event.version());
        write(connection, what, event.eventId(), now, data);
        ChangeFeed.announce(connection, SUBJECT, event.eventId());
    }

    /** An occurrence passed into another state. */
    static void tell(
            Connection connection,
            String what,
            OccurrenceRow occurrence,
            @Nullable Instant endsAt,
            Instant now)
            throws SQLException {
        ObjectNode data = JsonNodeFactory.instance.objectNode();
        data.put("event_id", occurrence.eventId());
        data.put("occurrence_id", occurrence.occurrenceId().toString());
        data.put("number", occurrence.number());
        if (!occurrence.startsAt().equals(OccurrenceWriter.NOT_BY_ITSELF)) {
            data.put("starts_at", occurrence.startsAt().toString());
        }
        if (endsAt != null) {
            data.put("ends_at", endsAt.toString());
        }
        write(connection, what, occurrence.eventId(), now, data);
        announce(connection, occurrence);
    }

    /** An occurrence changed in a way that is no news to the bus. */
    static void announce(Connection connection, OccurrenceRow occurrence) throws SQLException {
        ChangeFeed.announce(connection, Occurrences.SUBJECT, occurrence.occurrenceId().toString());
        ChangeFeed.announce(connection, SUBJECT, occurrence.eventId());
    }

    private static void write(
            Connection connection, String what, String eventId, Instant now, ObjectNode data)
            throws SQLException {
        String type = "liveops.event." + what.toLowerCase(Locale.ROOT);
        OutboxEvent event = OutboxEvent.of(type, eventId, now, data, null);
        Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, List.of(event));
    }
}
