package dev.jubilee.server.bus.stats;

import dev.jubilee.events.PartitionId;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;

/**
 * The offsets that the store went past without an event to store, in {@code bus.passed_over}: Kafka
 * ends each transaction with a record of its own.
 */
public final class SkippedOffsets {
    private SkippedOffsets() {}

    /** Counts more of them, in the transaction in which the store moves on. */
    public static void add(Connection connection, Map<PartitionId, Long> more) throws SQLException {
        if (more.isEmpty()) {
            return;
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.passed_over AS p (topic_id, partition, records) VALUES (?, ?, ?)
                        ON CONFLICT (topic_id, partition) DO UPDATE SET records = p.records + excluded.records
                        """)) {
            // In one order, lest two that hold each other's rows wait for ever.
            for (Map.Entry<PartitionId, Long> entry : new TreeMap<>(more).entrySet()) {
                statement.setObject(1, entry.getKey().topicId());
                statement.setInt(2, entry.getKey().partition());
                statement.setLong(3, entry.getValue());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** All of them, in every topic there ever was. */
    static long total(Database database) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                            connection.prepareStatement(
                                    "SELECT coalesce(sum(records), 0) FROM bus.passed_over");
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }
}
