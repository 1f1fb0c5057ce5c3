package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

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
