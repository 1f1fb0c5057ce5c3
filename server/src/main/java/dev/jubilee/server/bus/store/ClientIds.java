package dev.jubilee.server.bus.store;

import dev.jubilee.events.postgres.SqlArray;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** The rows of {@code bus.event_ids}: each id that a client made, once. */
final class ClientIds {
    private ClientIds() {}

    /**
     * Notes the ids of the rows, and tells which of them are new. An id that comes twice among them
     * is new once, the first time.
     */
    static List<EventRow> onlyNew(Connection connection, List<EventRow> rows) throws SQLException {
        // In one order everywhere, lest two instances that meet lock each other out.
        Map<String, EventRow> first = new TreeMap<>();
        for (EventRow row : rows) {
            if (row.clientId() != null) {
                first.putIfAbsent(row.clientId(), row);
            }
        }
        Set<UUID> noted = note(connection, List.copyOf(first.values()));
        List<EventRow> fresh = new ArrayList<>(noted.size());
        for (EventRow row : rows) {
            if (noted.contains(row.id())) {
                fresh.add(row);
            }
        }
        return fresh;
    }

    private static Set<UUID> note(Connection connection, List<EventRow> rows) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.event_ids (event_id, id, accepted_at)
                        SELECT * FROM unnest(?::text[], ?::uuid[], ?::timestamptz[])
                        ON CONFLICT DO NOTHING
                        RETURNING id
                        """)) {
            String[] clientIds = rows.stream().map(EventRow::clientId).toArray(String[]::new);
            statement.setArray(1, connection.createArrayOf("text", clientIds));
            statement.setObject(2, SqlArray.uuids(rows.stream().map(EventRow::id).toList()));
            statement.setObject(
                    3, SqlArray.instants(rows.stream().map(EventRow::acceptedAt).toList()));
            try (ResultSet found = statement.executeQuery()) {
                Set<UUID> noted = new HashSet<>();
                while (found.next()) {
                    noted.add(found.getObject(1, UUID.class));
                }
                return noted;
            }
        }
    }
}
