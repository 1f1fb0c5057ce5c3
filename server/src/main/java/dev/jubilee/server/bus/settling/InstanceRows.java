package dev.jubilee.server.bus.settling;

import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** The SQL of {@code bus.instances}. Leases run by PostgreSQL's clock, which all share. */
final class InstanceRows {
    private InstanceRows() {}

    /**
     * Notes how far an instance has settled and gives it a new lease. One whose lease had run out
     * was cut off from PostgreSQL, and the others perhaps with it: each of them gets a new lease as
     * well, so that nobody is taken for dead before it could speak.
     */
    static void beat(Connection connection, UUID instance, Instant settled, Duration lease)
            throws SQLException {
        try (PreparedStatement write =
                connection.prepareStatement(
                        """
                        WITH mine AS (
                            INSERT INTO bus.instances AS i (instance_id, settled_through, lease_until)
                            VALUES (?, ?, clock_timestamp() + ? * interval '1 millisecond')
                            ON CONFLICT (instance_id) DO UPDATE
                               SET settled_through = excluded.settled_through, lease_until = excluded.lease_until
                            RETURNING i.instance_id, old.lease_until < clock_timestamp() AS was_cut_off, i.lease_until)
                        UPDATE bus.instances other SET lease_until = mine.lease_until
                          FROM mine
                         WHERE mine.was_cut_off AND other.instance_id <> mine.instance_id
                           AND other.lease_until < clock_timestamp()
                        """)) {
            write.setObject(1, instance);
            write.setObject(2, Timestamps.utc(settled));
            write.setLong(3, lease.toMillis());
            write.executeUpdate();
        }
    }

    /** Whether this instance's lease runs, and every other whose lease runs has settled so far. */
    static boolean allSettled(Connection connection, UUID instance, Instant moment)
            throws SQLException {
        try (PreparedStatement read =
                connection.prepareStatement(
                        """
                        SELECT coalesce(bool_and(settled_through >= ?) AND bool_or(instance_id = ?), false)
                          FROM bus.instances WHERE lease_until > clock_timestamp()
                        """)) {
            read.setObject(1, Timestamps.utc(moment));
            read.setObject(2, instance);
            try (ResultSet row = read.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** Forgets an instance that has ended in order. */
    static void remove(Connection connection, UUID instance) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("DELETE FROM bus.instances WHERE instance_id = ?")) {
            delete.setObject(1, instance);
            delete.executeUpdate();
        }
    }

    /** Forgets all. */
    static void removeAll(Connection connection) throws SQLException {
        execute(connection, "DELETE FROM bus.instances");
    }

    /** Forgets those that died long ago. */
    static void removeDead(Connection connection) throws SQLException {
        execute(
                connection,
                "DELETE FROM bus.instances WHERE lease_until < clock_timestamp() - interval '1 hour'");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
