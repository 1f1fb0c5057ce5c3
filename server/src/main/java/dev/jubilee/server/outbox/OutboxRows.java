package dev.jubilee.server.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The SQL of the relay, on the one connection that holds its lock. */
final class OutboxRows {
    /** Names the relay among advisory locks: "outbox" in ASCII. */
    private static final long LOCK = 0x6f7574626f78L;

    /** Of events that are read at once; their lengths are known without reading them. */
    private static final long MOST_BYTES = 4L << 20;

    /**
     * What waits to be published.
     *
     * @param ageSeconds how long the oldest of it has waited
     * @param quietSeconds how long nobody has written any more
     */
    record Waiting(List<OutboxRow> rows, double ageSeconds, double quietSeconds) {}

    private final Connection connection;

    OutboxRows(Connection connection) {
        this.connection = connection;
    }

    /** Becomes the one that relays, until it steps down or the connection ends. */
    static boolean lead(Connection connection) throws SQLException {
        return lock(connection, "SELECT pg_try_advisory_lock(?)");
    }

    static void stepDown(Connection connection) throws SQLException {
        lock(connection, "SELECT pg_advisory_unlock(?)");
    }

    private static boolean lock(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, LOCK);
            try (ResultSet result = statement.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        }
    }

    /**
     * The oldest rows by id: so many, or fewer where they are large, and one at least. Ids of
     * changes to the same thing are in the order of their commits, because they are drawn under the
     * lock that orders the changes.
     */
    Waiting oldest(int limit) throws SQLException {
        String sql =
                """
                SELECT id, batch_id, topic, events,
                       extract(epoch FROM clock_timestamp() - created_at)::double precision AS age,
                       (SELECT extract(epoch FROM clock_timestamp() - newest.created_at)::double precision
                          FROM platform.outbox newest ORDER BY id DESC LIMIT 1) AS quiet
                  FROM (
                    SELECT o.*, sum(octet_length(events)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)
                           - octet_length(events) AS before
                      FROM platform.outbox o ORDER BY id LIMIT ?
                  ) o
                 WHERE before < ? ORDER BY id
                """;
        List<OutboxRow> rows = new ArrayList<>();
        double age = 0;
        double quiet = 0;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, limit);
            statement.setLong(2, MOST_BYTES);
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    rows.add(
                            OutboxRow.of(
                                    result.getLong(1),
                                    result.getObject(2, UUID.class),
                                    result.getString(3),
                                    result.getString(4)));
                    age = Math.max(age, result.getDouble(5));
                    quiet = result.getDouble(6);
                }
            }
        }
        return new Waiting(rows, age, quiet);
    }

    void delete(List<OutboxRow> rows) throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        String sql = "DELETE FROM platform.outbox WHERE id = ANY (?)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            Long[] ids = rows.stream().map(OutboxRow::id).toArray(Long[]::new);
            statement.setArray(1, connection.createArrayOf("bigint", ids));
            statement.executeUpdate();
        }
    }
}
