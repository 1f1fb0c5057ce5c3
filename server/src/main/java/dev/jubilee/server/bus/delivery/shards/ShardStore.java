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
 * The SQL of instances and shards, by PostgreSQL's clock. Locks are taken in this order: instances,
 * shards, subscriptions.
 */
final class ShardStore {
    private ShardStore() {}

    /**
     * A heartbeat that was recorded.
     *
     * @param at when
     * @param gap since the one before
     */
    record Beat(Instant at, Duration gap) {}

    /** Records a heartbeat; null when the instance was deposed. */
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

    /** Registers the instance, and returns the time of its first heartbeat. */
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
     * Deposes instances without a heartbeat for five seconds. Each deletion waits for the routing
     * transaction of its instance, which writes nothing more after it.
     *
     * @param judge the instance that deposes others
     * @param seenAt must still be the judge's last heartbeat, less than three seconds ago
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

    /** Frees the shards of instances that are gone, and returns how many instances there are. */
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

    /** The shards that are the instance's in PostgreSQL, but not among these. */
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

    /** Frees shards; returns those that were the instance's. */
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

    /**
     * Closes circuits: only the former owner knew how the endpoints fared, and the next finds out.
     */
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
