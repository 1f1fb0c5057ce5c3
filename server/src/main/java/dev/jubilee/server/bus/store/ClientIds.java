package dev.jubilee.server.bus.store;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.ZoneOffset;
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
            statement.setArray(1, array(connection, "text", rows.stream().map(EventRow::clientId)));
            statement.setArray(2, array(connection, "uuid", rows.stream().map(EventRow::id)));
            statement.setArray(
                    3,
                    array(
                            connection,
                            "timestamptz",
                            rows.stream().map(row -> row.acceptedAt().atOffset(ZoneOffset.UTC))));
            try (ResultSet found = statement.executeQuery()) {
                Set<UUID> noted = new HashSet<>();
                while (found.next()) {
                    noted.add(found.getObject(1, UUID.class));
                }
                return noted;
            }
        }
    }

    private static Array array(
            Connection connection, String type, java.util.stream.Stream<?> values)
            throws SQLException {
        return connection.createArrayOf(type, values.toArray());
    }
}
