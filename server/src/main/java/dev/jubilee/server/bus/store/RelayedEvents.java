package dev.jubilee.server.bus.store;

import dev.jubilee.events.postgres.SqlArray;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Leaves out events that an outbox's relay brings a second time. Their ids are the rows' keys, so
 * the store looks for repetitions only once a key turns out to be taken.
 */
final class RelayedEvents {
    private RelayedEvents() {}

    /** The rows without the relayed ones that are stored, or come earlier among them. */
    static List<EventRow> onlyNew(Connection connection, List<EventRow> rows) throws SQLException {
        List<EventRow> relayed = rows.stream().filter(EventRow::isRelayed).toList();
        if (relayed.isEmpty()) {
            return rows;
        }
        Set<UUID> known = stored(connection, relayed);
        List<EventRow> fresh = new ArrayList<>(rows.size());
        for (EventRow row : rows) {
            if (!row.isRelayed() || known.add(row.id())) {
                fresh.add(row);
            }
        }
        return fresh;
    }

    private static Set<UUID> stored(Connection connection, List<EventRow> rows)
            throws SQLException {
        List<Instant> times = rows.stream().map(EventRow::acceptedAt).sorted().toList();
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT id FROM bus.events
                         WHERE id = ANY (?) AND accepted_at BETWEEN ?::timestamptz AND ?::timestamptz
                        """)) {
            statement.setObject(1, SqlArray.uuids(rows.stream().map(EventRow::id).toList()));
            statement.setString(2, times.getFirst().toString());
            statement.setString(3, times.getLast().toString());
            try (ResultSet found = statement.executeQuery()) {
                Set<UUID> ids = new HashSet<>();
                while (found.next()) {
                    ids.add(found.getObject(1, UUID.class));
                }
                return ids;
            }
        }
    }
}
