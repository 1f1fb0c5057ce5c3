package dev.jubilee.server.bus.delivery.catchup;

import dev.jubilee.server.bus.subscriptions.Subscriptions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The SQL of catching up. */
final class CatchUpStore {
    private CatchUpStore() {}

    /** The position of one partition. */
    record Position(UUID topicId, int partition, String topic, long next) {}

    /**
     * Where a subscription stands in the topics that there are; locks it against others who would
     * do the same.
     */
    static List<Position> positions(Connection connection, UUID subscription, boolean toChange)
            throws SQLException {
        return positions(connection, subscription, "EXISTS", toChange);
    }

    /** The same in topics that were deleted, though others of the same name may have been made. */
    static List<Position> gone(Connection connection, UUID subscription, boolean toChange)
            throws SQLException {
        return positions(connection, subscription, "NOT EXISTS", toChange);
    }

    private static List<Position> positions(
            Connection connection, UUID subscription, String exists, boolean toChange)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT topic_id, partition, topic, next_offset FROM bus.subscription_catch_ups c
                        WHERE subscription_id = ? AND %s (SELECT FROM bus.topics t WHERE t.kafka_topic_id = c.topic_id)
                        ORDER BY topic_id, partition %s
                        """
                                .formatted(exists, toChange ? "FOR UPDATE" : ""))) {
            select.setObject(1, subscription);
            List<Position> found = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.add(
                            new Position(
                                    row.getObject(1, UUID.class),
                                    row.getInt(2),
                                    row.getString(3),
                                    row.getLong(4)));
                }
            }
            return found;
        }
    }

    static void move(Connection connection, UUID subscription, Collection<Position> to)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.subscription_catch_ups SET next_offset = ?
                        WHERE subscription_id = ? AND topic_id = ? AND partition = ?
                        """)) {
            for (Position one : to) {
                update.setLong(1, one.next());
                update.setObject(2, subscription);
                update.setObject(3, one.topicId());
                update.setInt(4, one.partition());
                update.addBatch();
            }
            update.executeBatch();
        }
    }

    /** Sets the reason that the subscription shows, unless it is paused or disabled. */
    static void note(Connection connection, UUID subscription, String text) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE bus.event_subscriptions SET status_reason = ? WHERE id = ?"
                                + " AND status = 'active'")) {
            update.setString(1, text);
            update.setObject(2, subscription);
            update.executeUpdate();
        }
    }

    /** Ends the catch-up of these partitions: routing brings what comes from there on. */
    static void finish(Connection connection, UUID subscription, Collection<Position> level)
            throws SQLException {
        try (PreparedStatement update =
                        connection.prepareStatement(
                                """
                                UPDATE bus.event_subscriptions
                                SET starts_at = jsonb_set(starts_at, ARRAY[?::text, ?::text], to_jsonb(?::bigint))
                                WHERE id = ?
                                """);
                PreparedStatement delete =
                        connection.prepareStatement(
                                """
                                DELETE FROM bus.subscription_catch_ups
                                WHERE subscription_id = ? AND topic_id = ? AND partition = ?
                                """)) {
            for (Position one : level) {
                update.setString(1, one.topicId().toString());
                update.setString(2, Integer.toString(one.partition()));
                update.setLong(3, one.next());
                update.setObject(4, subscription);
                update.addBatch();
                delete.setObject(1, subscription);
                delete.setObject(2, one.topicId());
                delete.setInt(3, one.partition());
                delete.addBatch();
            }
            update.executeBatch();
            delete.executeBatch();
        }
    }

    /** Where routing stands; holds it there until the end of the transaction if that is wanted. */
    static Map<Position, Long> routed(Connection connection, Collection<Position> of, boolean hold)
            throws SQLException {
        Map<Position, Long> routed = new HashMap<>();
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT next_offset FROM platform.consumer_offsets
                        WHERE consumer_group = ? AND topic_id = ? AND partition = ?
                        """
                                + (hold ? "FOR UPDATE" : ""))) {
            for (Position one : of) {
                select.setString(1, Subscriptions.ROUTING_GROUP);
                select.setObject(2, one.topicId());
                select.setInt(3, one.partition());
                try (ResultSet row = select.executeQuery()) {
                    routed.put(one, row.next() ? row.getLong(1) : 0L);
                }
            }
        }
        return routed;
    }
}
