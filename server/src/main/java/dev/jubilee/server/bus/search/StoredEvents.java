package dev.jubilee.server.bus.search;

import dev.jubilee.events.EventId;
import dev.jubilee.server.bus.store.StoredText;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Looks events up by what identifies or connects them; an index answers each. Thread-safe. */
public final class StoredEvents {
    private static final int MAX_ID = 100;

    private final Database database;

    public StoredEvents(Database database) {
        this.database = database;
    }

    /** The event of that id; null when the store does not have it. */
    public @Nullable StoredEvent find(String eventId) {
        if (eventId.length() > MAX_ID || eventId.indexOf('\0') >= 0) {
            return null;
        }
        return database.read(connection -> {
            UUID own = StoredText.rowOf(eventId);
            StoredEvent found = own == null ? null : byOwnId(connection, own);
            return found == null ? byClientId(connection, eventId) : found;
        });
    }

    /** Adds events with this correlation id to the page, and returns those that it took. */
    public List<StoredEvent> correlated(String correlationId, EventPage page) {
        return connected("e.correlation_id = ANY (?)", List.of(correlationId), page);
    }

    /** Adds events that one of these led to to the page, and returns those that it took. */
    public List<StoredEvent> causedBy(Collection<String> eventIds, EventPage page) {
        return eventIds.isEmpty()
                ? List.of()
                : connected("e.causation_id = ANY (?)", eventIds, page);
    }

    private List<StoredEvent> connected(
            String condition, Collection<String> values, EventPage page) {
        return database.read(connection ->
                page.read(
                        connection,
                        condition,
                        statement -> {
                            statement.setArray(
                                    1, connection.createArrayOf("varchar", values.toArray()));
                            return 2;
                        }));
    }

    private static @Nullable StoredEvent byOwnId(Connection connection, UUID id)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT "
                                + StoredEvent.COLUMNS
                                + """
                                FROM bus.events e
                                WHERE e.id = ? AND e.accepted_at = ? AND e.client_event_id IS NULL
                                """)) {
            Instant time = EventId.timeOf(id);
            statement.setObject(1, id);
            statement.setObject(2, Timestamps.utc(time));
            return first(statement);
        }
    }

    private static @Nullable StoredEvent byClientId(Connection connection, String id)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT "
                                + StoredEvent.COLUMNS
                                + """
                                FROM bus.event_ids i
                                JOIN bus.events e ON e.id = i.id AND e.accepted_at = i.accepted_at
                                WHERE i.event_id = ?
                                """)) {
            statement.setString(1, id);
            return first(statement);
        }
    }

    private static @Nullable StoredEvent first(PreparedStatement statement) throws SQLException {
        List<StoredEvent> found = read(statement);
        return found.isEmpty() ? null : found.getFirst();
    }

    private static List<StoredEvent> read(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            List<StoredEvent> events = new ArrayList<>();
            while (row.next()) {
                events.add(StoredEvent.read(row));
            }
            return events;
        }
    }
}
