package dev.jubilee.events.postgres.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds out which appends have been done before: the same ids at the same versions. */
final class StoredIds {
    private final String sql;

    StoredIds(String schema) {
        this.sql =
                """
                SELECT a.append, e.version, e.id, e.position
                FROM unnest(?::int4[], ?::text[], ?::int8[], ?::int8[])
                        AS a (append, stream, after, last)
                    JOIN %s.events e
                    ON e.stream = a.stream AND e.version > a.after AND e.version <= a.last
                ORDER BY a.append, e.version\
                """
                        .formatted(schema);
    }

    /** The last position of each of the suspects that is stored as it is. */
    Map<Integer, Long> find(Connection connection, List<Integer> suspects, List<Append> appends)
            throws SQLException {
        int count = suspects.size();
        int[] numbers = new int[count];
        String[] streams = new String[count];
        long[] after = new long[count];
        long[] last = new long[count];
        for (int i = 0; i < count; i++) {
            Append append = appends.get(suspects.get(i));
            numbers[i] = suspects.get(i);
            streams[i] = append.stream();
            after[i] = append.expectedVersion();
            last[i] = append.versionAfter();
        }
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, numbers);
            statement.setObject(2, streams);
            statement.setObject(3, after);
            statement.setObject(4, last);
            try (ResultSet rows = statement.executeQuery()) {
                return duplicates(rows, appends);
            }
        }
    }

    private static Map<Integer, Long> duplicates(ResultSet rows, List<Append> appends)
            throws SQLException {
        Map<Integer, Integer> same = new HashMap<>();
        Map<Integer, Long> found = new HashMap<>();
        while (rows.next()) {
            int index = rows.getInt(1);
            Append append = appends.get(index);
            int place = (int) (rows.getLong(2) - append.expectedVersion()) - 1;
            if (append.events().get(place).id().equals(rows.getString(3))
                    && same.merge(index, 1, Integer::sum) == append.size()) {
                found.put(index, rows.getLong(4));
            }
        }
        return found;
    }
}
