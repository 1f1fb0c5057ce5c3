package dev.jubilee.server.bus.delivery.routing;

import dev.jubilee.events.PartitionId;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The SQL for a log of Kafka that was cut, and uses its offsets from there anew. */
final class LogTruncations {
    private static final String BEGINS_BEHIND =
            """
            WHERE (starts_at #>> ARRAY[?::text, ?::text])::bigint BETWEEN ? + 1 AND ? - 1
            """;

    private LogTruncations() {}

    /**
     * The log was cut at that end, and what follows is new to everybody: subscriptions that start
     * behind it and catch-ups that have come further begin at the end.
     */
    static void heed(Connection connection, PartitionId partition, long end) throws SQLException {
        for (UUID id : beginningBehind(connection, partition, end)) {
            Subscriptions.announceChange(connection, id);
        }
        try (PreparedStatement begin =
                        connection.prepareStatement(
                                """
                                UPDATE bus.event_subscriptions
                                SET starts_at = jsonb_set(starts_at, ARRAY[?::text, ?::text], to_jsonb(?::bigint))
                                """
                                        + BEGINS_BEHIND);
                PreparedStatement catchUp =
                        connection.prepareStatement(
                                """
                                UPDATE bus.subscription_catch_ups SET next_offset = ?
                                WHERE topic_id = ? AND partition = ? AND next_offset > ?
                                """)) {
            begin.setString(1, partition.topicId().toString());
            begin.setString(2, Integer.toString(partition.partition()));
            begin.setLong(3, end);
            bind(begin, 4, partition, end);
            begin.executeUpdate();
            catchUp.setLong(1, end);
            catchUp.setObject(2, partition.topicId());
            catchUp.setInt(3, partition.partition());
            catchUp.setLong(4, end);
            catchUp.executeUpdate();
        }
    }

    private static List<UUID> beginningBehind(
            Connection connection, PartitionId partition, long end) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT id FROM bus.event_subscriptions "
                                + BEGINS_BEHIND
                                + " ORDER BY id")) {
            bind(select, 1, partition, end);
            List<UUID> found = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.add(row.getObject(1, UUID.class));
                }
            }
            return found;
        }
    }

    private static void bind(
            PreparedStatement statement, int first, PartitionId partition, long end)
            throws SQLException {
        statement.setString(first, partition.topicId().toString());
        statement.setString(first + 1, Integer.toString(partition.partition()));
        statement.setLong(first + 2, end);
        statement.setLong(first + 3, Subscription.CATCHING_UP);
    }
}
