package dev.jubilee.server.bus.delivery.shards;

import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The SQL of who delivers to whom, by PostgreSQL's clock. Whoever locks several things does it in
 * this order: instances, shards, subscriptions.
 */
final class ShardStore {
    private ShardStore() {}

    /**
     * A sign of life that was taken.
     *
     * @param at when
     * @param gap since the one before
     */
    record Beat(Instant at, Duration gap) {}

    /** Says that the instance lives; null when others took it for dead. */
    static @Nullable Beat beat(Connection connection, UUID instance) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.delivery_instances SET seen_at = clock_timestamp() WHERE instance_id = ?
                        RETURNING new.seen_at, old.seen_at
                        """)) {
            update.setObject(1, instance);
            try (ResultSet row = update.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                Instant at = Timestamps.instant(row, 1);
                return new Beat(at, Duration.between(Timestamps.instant(row, 2), at));
            }
        }
    }

    /** Returns when. */
    static Instant register(Connection connection, UUID instance) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(
                        "INSERT INTO bus.delivery_instances VALUES (?, clock_timestamp())"
                                + " RETURNING seen_at")) {
            insert.setObject(1, instance);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return Timestamps.instant(row, 1);
            }
        }
    }

    static int leave(Connection connection, UUID instance) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement(
                        "DELETE FROM bus.delivery_instances WHERE instance_id = ?")) {
            delete.setObject(1, instance);
            return delete.executeUpdate();
        }
    }

    /**
     * Deposes who was not seen for five seconds: each deletion waits for what the instance is
     * routing, and after it the instance writes nothing more.
     *
     * @param judge who must have been seen last at that moment, and lately
     */
    static void depose(Connection connection, UUID judge, Instant seenAt) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement(
                        """
                        DELETE FROM bus.delivery_instances WHERE seen_at < clock_timestamp() - interval '5 seconds'
                            AND EXISTS (SELECT FROM bus.delivery_instances j WHERE j.instance_id = ? AND j.seen_at = ?
                                AND j.seen_at > clock_timestamp() - interval '3 seconds')
                        """)) {
            delete.setObject(1, judge);
            delete.setObject(2, Timestamps.utc(seenAt));
            delete.executeUpdate();
        }
    }

    /** Takes their shards from those who are gone, and returns how many there are. */
    static int free(Connection connection) throws SQLException {
        try (PreparedStatement free =
                        connection.prepareStatement(
                                """
                                UPDATE bus.delivery_shards SET owner = NULL
                                WHERE owner IS NOT NULL
                                    AND owner NOT IN (SELECT instance_id FROM bus.delivery_instances)
                                """);
                PreparedStatement count =
                        connection.prepareStatement(
                                "SELECT count(*) FROM bus.delivery_instances")) {
            free.executeUpdate();
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return Math.max(1, row.getInt(1));
            }
        }
    }

    static Set<Integer> claim(Connection connection, UUID instance, int most) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.delivery_shards SET owner = ?
                        WHERE EXISTS (SELECT FROM bus.delivery_instances WHERE instance_id = ?)
                            AND shard IN (SELECT shard FROM bus.delivery_shards WHERE owner IS NULL
                                ORDER BY shard LIMIT ? FOR UPDATE SKIP LOCKED)
                        RETURNING shard
                        """)) {
            update.setObject(1, instance);
            update.setObject(2, instance);
            update.setInt(3, most);
            return shards(update);
        }
    }

    /** What is the instance's by PostgreSQL, but not one of these. */
    static Set<Integer> strays(Connection connection, UUID instance, Set<Integer> known)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT shard FROM bus.delivery_shards WHERE owner = ? AND shard <> ALL (?)")) {
            select.setObject(1, instance);
            select.setArray(2, connection.createArrayOf("int4", known.toArray()));
            return shards(select);
        }
    }

    /** Leaves shards to whoever claims them; returns those that were the instance's to leave. */
    static Set<Integer> release(Connection connection, UUID instance, Set<Integer> shards)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.delivery_shards SET owner = NULL WHERE owner = ? AND shard = ANY (?)
                        RETURNING shard
                        """)) {
            update.setObject(1, instance);
            update.setArray(2, connection.createArrayOf("int4", shards.toArray()));
            return shards(update);
        }
    }

    /** Whoever delivered before knew how the endpoint fared; the next finds out. */
    static int closeCircuits(Connection connection, Collection<UUID> subscriptions)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.event_subscriptions SET circuit = 'closed', circuit_until = NULL
                        WHERE id = ANY (?) AND circuit <> 'closed'
                        """)) {
            update.setArray(
                    1, connection.createArrayOf("uuid", List.copyOf(subscriptions).toArray()));
            return update.executeUpdate();
        }
    }

    private static Set<Integer> shards(PreparedStatement statement) throws SQLException {
        Set<Integer> found = new HashSet<>();
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                found.add(row.getInt(1));
            }
        }
        return found;
    }
}
