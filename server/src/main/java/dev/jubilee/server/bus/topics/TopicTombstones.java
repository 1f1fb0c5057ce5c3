package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Timestamps;
import java.sql.Array;
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
 * The names of deleted topics that required a grant: the rows of {@code bus.topic_tombstones}. What
 * such a topic held outlives it, and with the topic gone nothing else tells that it was closed.
 */
final class TopicTombstones {
    private TopicTombstones() {}

    static void put(Connection connection, String name, Instant at) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.topic_tombstones (name, deleted_at) VALUES (?, ?)
                        ON CONFLICT (name) DO UPDATE SET deleted_at = excluded.deleted_at
                        """)) {
            statement.setString(1, name);
            statement.setObject(2, Timestamps.utc(at));
            statement.executeUpdate();
        }
    }

    /** Whether what a topic of that name held is still closed. */
    static boolean holds(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT FROM bus.topic_tombstones WHERE name = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    static Set<String> all(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement("SELECT name FROM bus.topic_tombstones");
                ResultSet row = statement.executeQuery()) {
            Set<String> names = new HashSet<>();
            while (row.next()) {
                names.add(row.getString(1));
            }
            return names;
        }
    }

    /**
     * Drops so many of the deliveries that wait for a topic to open which went before that moment,
     * and has not come again: it never will. Those of admins wait for something else, as nothing is
     * closed to them. Returns whether there may be more.
     */
    static boolean dropOwed(Connection connection, Instant until, int part) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT p.subscription_id, p.id FROM bus.pending_deliveries p
                        WHERE p.topic IN (SELECT name FROM bus.topic_tombstones WHERE deleted_at < ?
                                EXCEPT SELECT name FROM bus.topics)
                            AND NOT EXISTS (SELECT FROM bus.event_subscriptions s
                                WHERE s.id = p.subscription_id AND (s.owner_id IS NULL OR s.owner_role = 'admin'))
                        LIMIT ?
                        """)) {
            select.setObject(1, Timestamps.utc(until));
            select.setInt(2, part);
            List<UUID> subscriptions = new ArrayList<>();
            List<Long> ids = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    subscriptions.add(row.getObject(1, UUID.class));
                    ids.add(row.getLong(2));
                }
            }
            if (!ids.isEmpty()) {
                drop(connection, subscriptions, ids);
            }
            return ids.size() == part;
        }
    }

    /** First the subscriptions, as whoever changes several rows of what they are owed does. */
    private static void drop(Connection connection, List<UUID> subscriptions, List<Long> ids)
            throws SQLException {
        try (PreparedStatement lock =
                        connection.prepareStatement(
                                """
                                SELECT FROM bus.event_subscriptions WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE
                                """);
                PreparedStatement delete =
                        connection.prepareStatement(
                                """
                                DELETE FROM bus.pending_deliveries o USING unnest(?, ?) AS gone (subscription_id, id)
                                WHERE o.subscription_id = gone.subscription_id AND o.id = gone.id
                                """)) {
            Array owners = connection.createArrayOf("uuid", subscriptions.toArray());
            lock.setArray(1, owners);
            lock.executeQuery().close();
            delete.setArray(1, owners);
            delete.setArray(2, connection.createArrayOf("int8", ids.toArray()));
            delete.executeUpdate();
        }
    }

    /**
     * Forgets those from before that moment of which nothing is owed or dead any more.
     *
     * @param until the store keeps no event from before it
     */
    static void forget(Connection connection, Instant until) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        DELETE FROM bus.topic_tombstones t WHERE deleted_at < ?
                           AND NOT EXISTS (SELECT FROM bus.pending_deliveries p WHERE p.topic = t.name)
                           AND NOT EXISTS (SELECT FROM bus.dead_letters d WHERE d.topic = t.name)
                        """)) {
            statement.setObject(1, Timestamps.utc(until));
            if (statement.executeUpdate() > 0) {
                ChangeFeed.announce(connection, TopicStore.SUBJECT, "");
            }
        }
    }
}
