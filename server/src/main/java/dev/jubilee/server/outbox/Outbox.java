package dev.jubilee.server.outbox;

import dev.jubilee.events.EventId;
import dev.jubilee.server.json.Json;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Where a transaction leaves the events that tell of its changes. */
public final class Outbox {
    /** The topic of everything that happens to live events, participants and rewards. */
    public static final String LIVEOPS_TOPIC = "liveops.events";

    /** Keeps a row, and with it what the relay holds in memory, small. */
    static final int MAX_EVENTS_A_ROW = 1_000;

    /** The same for large events; the last of a row may reach beyond. */
    static final int MAX_CHARS_A_ROW = 512 << 10;

    /** The most characters that are sent to the database at once. */
    private static final int MAX_CHARS_A_BATCH = 4 << 20;

    private static final String INSERT =
            "INSERT INTO platform.outbox (batch_id, topic, events) VALUES (?, ?, ?)";

    private Outbox() {}

    /**
     * Leaves events to be published, in this order and in order with what earlier commits left for
     * the same key, once the connection's transaction has committed; never when it rolls back. One
     * row for up to 1,000 events or half a megabyte. Call it as late in the transaction as
     * possible, and after the locks that order the changes are held.
     *
     * @param now when the bus takes the events over: their ids carry it
     */
    public static void write(
            Connection connection, Instant now, String topic, List<OutboxEvent> events)
            throws SQLException {
        if (events.isEmpty()) {
            return;
        }
        try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
            int from = 0;
            long chars = 0;
            while (from < events.size()) {
                Row row = row(events, from);
                insert.setObject(1, EventId.at(now));
                insert.setString(2, topic);
                insert.setString(3, row.events());
                insert.addBatch();
                from = row.next();
                chars += row.events().length();
                if (chars >= MAX_CHARS_A_BATCH || from == events.size()) {
                    insert.executeBatch();
                    chars = 0;
                }
            }
        }
    }

    /**
     * Events that go together.
     *
     * @param events as a JSON array
     * @param next the first that did not fit
     */
    private record Row(String events, int next) {}

    private static Row row(List<OutboxEvent> events, int from) {
        int most = Math.min(events.size() - from, MAX_EVENTS_A_ROW);
        StringWriter text = new StringWriter(most * 320);
        int next = from;
        try (JsonGenerator json = Json.mapper().createGenerator(text)) {
            json.writeStartArray();
            while (next < from + most && text.getBuffer().length() < MAX_CHARS_A_ROW) {
                write(events.get(next++), json);
            }
            json.writeEndArray();
        }
        return new Row(text.toString(), next);
    }

    private static void write(OutboxEvent event, JsonGenerator json) {
        json.writeStartObject();
        json.writeStringProperty("type", event.type());
        if (event.key() != null) {
            json.writeStringProperty("key", event.key());
        }
        json.writeStringProperty("time", event.time().toString());
        if (event.causationId() != null) {
            json.writeStringProperty("causation_id", event.causationId());
        }
        json.writeName("data");
        json.writeStartObject();
        event.data().write(json);
        json.writeEndObject();
        json.writeEndObject();
    }
}
