package dev.jubilee.server.bus.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.json.Json;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Writes rows of {@code bus.events}. For one thread. */
final class EventTable {
    // Within a day the row's id alone is the key, so its index is as small as can be and is only
    // ever appended to. Rows are written once and dropped with their day: vacuuming them would only
    // write every page a second time.
    private static final DailyPartitions.Table TABLE =
            new DailyPartitions.Table(
                    "bus.events",
                    "bus.events partitions",
                    "PRIMARY KEY (id)",
                    "WITH (autovacuum_vacuum_insert_threshold = -1)");
    private static final int COLUMNS = 18;
    private static final int MAX_KNOWN = 10_000;
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

    private final BinaryCopy rows = new BinaryCopy();

    /** Topics, types and sources are few, and each is encoded once. */
    private final Map<Clipped, byte[]> encoded = new HashMap<>();

    /** The days of the table. */
    static DailyPartitions partitions(Database database) {
        return new DailyPartitions(database, TABLE);
    }

    /** Appends the rows to the partition of their day. */
    void append(Connection connection, LocalDate day, List<EventRow> events, Instant storedAt)
            throws SQLException {
        CopyIn copy =
                connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(
                                """
                                COPY %s (id, client_event_id, event_type, topic, source, key, payload,
                                    partition, "offset", priority, timestamp, accepted_at, processed_at,
                                    correlation_id, causation_id, content_type, extensions, is_replayable)
                                FROM STDIN (FORMAT binary)
                                """
                                        .formatted(TABLE.partition(day)));
        try {
            rows.begin();
            for (EventRow event : events) {
                write(event, storedAt);
                rows.flushWhenFull(copy);
            }
            rows.end(copy);
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
    }

    private void write(EventRow row, Instant storedAt) {
        var event = row.event();
        rows.row(COLUMNS);
        rows.uuid(row.id());
        rows.text(row.clientId());
        rows.field(encoded(event.type(), 100));
        rows.field(encoded(row.record().topic(), 255));
        rows.field(encoded(event.source(), StoredText.MAX_SOURCE));
        rows.text(clipped(event.partitionKey(), StoredText.MAX_KEY));
        rows.field(row.payload());
        rows.int4(row.record().partition());
        rows.int8(row.record().offset());
        rows.field(encoded(event.priority().wireName(), 10));
        rows.timestamp(within(event.time()));
        rows.timestamp(row.acceptedAt());
        rows.timestamp(storedAt);
        rows.text(clipped(event.correlationId(), StoredText.MAX_KEY));
        rows.text(clipped(event.causationId(), StoredText.MAX_KEY));
        rows.text(row.contentType());
        rows.text(extensions(event));
        rows.bool(event.replayable());
    }

    /** With the subject where it is not the key, lest a replay forgets whom an event is about. */
    private static @Nullable String extensions(Envelope event) {
        String subject = event.subject();
        boolean own = subject != null && !subject.equals(event.partitionKey());
        if (event.extensions().isEmpty() && !own) {
            return null;
        }
        Map<String, String> all = new TreeMap<>(event.extensions());
        if (own) {
            all.put("subject", subject);
        }
        return StoredText.clean(Json.text(all));
    }

    /** A text as a column of so many characters holds it. */
    private record Clipped(String text, int max) {}

    private byte[] encoded(String text, int max) {
        Clipped key = new Clipped(text, max);
        byte[] known = encoded.get(key);
        if (known == null) {
            known = StoredText.clip(text, max).getBytes(UTF_8);
            if (encoded.size() >= MAX_KNOWN) {
                encoded.clear();
            }
            encoded.put(key, known);
        }
        return known;
    }

    private static @Nullable String clipped(@Nullable String text, int max) {
        return text == null ? null : StoredText.clip(text, max);
    }

    private static Instant within(Instant time) {
        return time.isBefore(EARLIEST) ? EARLIEST : time.isAfter(LATEST) ? LATEST : time;
    }
}
