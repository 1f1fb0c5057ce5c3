package dev.jubilee.server.bus.delivery.relays;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

/** The SQL of deliveries that are written to a topic, in numbered batches. */
final class RelayStore {
    private RelayStore() {}

    /** Whether the instance has the shard; if so it keeps it until the end of the transaction. */
    static boolean holds(Connection connection, int shard, UUID instance) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT FROM bus.delivery_shards WHERE shard = ? AND owner = ? FOR SHARE")) {
            select.setInt(1, shard);
            select.setObject(2, instance);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    /**
     * Whether there is anything to write, or to find out of what was being written.
     *
     * @param closed topics whose events stay
     */
    static boolean isOwed(Connection connection, UUID subscription, List<String> closed)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT EXISTS (
                            SELECT FROM bus.pending_deliveries
                            WHERE CASE WHEN NOT taken THEN subscription_id END = ? AND NOT taken AND topic <> ALL (?)
                        ) OR EXISTS (
                            SELECT FROM bus.pending_deliveries WHERE subscription_id = ? AND batch IS NOT NULL
                        )
                        """)) {
            select.setObject(1, subscription);
            select.setArray(2, connection.createArrayOf("text", closed.toArray()));
            select.setObject(3, subscription);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /**
     * Takes what waits, in order, as a batch of that number.
     *
     * @param most so many deliveries at most
     * @param bytes as soon as there are so many the rest stays
     * @param closed topics whose events stay
     */
    static List<Delivery> take(
            Connection connection,
            UUID subscription,
            long batch,
            int most,
            long bytes,
            List<String> closed)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        WITH next AS MATERIALIZED (
                            SELECT subscription_id, id, octet_length(body) AS size FROM bus.pending_deliveries
                            WHERE CASE WHEN NOT taken THEN subscription_id END = ? AND NOT taken AND topic <> ALL (?)
                            ORDER BY id LIMIT ?
                        ), measured AS (
                            SELECT subscription_id, id, sum(size) OVER (ORDER BY id) - size AS before FROM next
                        )
                        UPDATE bus.pending_deliveries p SET taken = true, batch = ?
                        FROM measured n
                        WHERE p.subscription_id = n.subscription_id AND p.id = n.id AND n.before < ?
                        RETURNING
                        """
                                + PendingStore.FIELDS)) {
            update.setObject(1, subscription);
            update.setArray(2, connection.createArrayOf("text", closed.toArray()));
            update.setInt(3, most);
            update.setLong(4, batch);
            update.setLong(5, Math.max(1, bytes));
            List<Delivery> taken = PendingStore.read(update);
            taken.sort(Comparator.comparingLong(Delivery::id));
            return taken;
        }
    }

    /** The batches up to this one were written. Returns how many deliveries that ends. */
    static int settle(Connection connection, UUID subscription, long committed, Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement move =
                connection.prepareStatement(
                        """
                        WITH gone AS (
                            DELETE FROM bus.pending_deliveries WHERE subscription_id = ? AND batch <= ? RETURNING *
                        ), recorded AS (
                            INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number, status,
                                method, delivered_at, is_last_attempt)
                            SELECT uuidv7(), event_id, subscription_id::text, attempts + 1, 'delivered', 'kafka', ?, true
                            FROM gone ORDER BY id
                        ), active AS (
                            UPDATE bus.event_subscriptions SET last_active = ?
                            WHERE id = ? AND EXISTS (SELECT FROM gone)
                        )
                        SELECT count(*) FROM gone
                        """)) {
            move.setObject(1, subscription);
            move.setLong(2, committed);
            move.setObject(3, Timestamps.utc(now));
            move.setObject(4, Timestamps.utc(now));
            move.setObject(5, subscription);
            return count(move);
        }
    }

    /**
     * Makes deliveries of later batches wait again: they were not written, for no fault of theirs.
     */
    static void undo(Connection connection, UUID subscription, long committed) throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.pending_deliveries SET taken = false, batch = NULL
                        WHERE subscription_id = ? AND batch > ?
                        """)) {
            update.setObject(1, subscription);
            update.setLong(2, committed);
            update.executeUpdate();
        }
    }

    /**
     * Records a failed attempt for deliveries of later batches, which could not be written, and
     * makes them wait again. Returns how many there were.
     */
    static int fail(
            Connection connection, UUID subscription, long committed, String reason, Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        WITH again AS (
                            UPDATE bus.pending_deliveries SET taken = false, batch = NULL, attempts = attempts + 1
                            WHERE subscription_id = ? AND batch > ? RETURNING *
                        ), recorded AS (
                            INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number, status,
                                method, error_message, delivered_at, next_retry_at, is_last_attempt)
                            SELECT uuidv7(), event_id, subscription_id::text, attempts, 'failed', 'kafka', ?, ?, ?, false
                            FROM again ORDER BY id
                        )
                        SELECT count(*) FROM again
                        """)) {
            update.setObject(1, subscription);
            update.setLong(2, committed);
            update.setString(3, reason);
            update.setObject(4, Timestamps.utc(now));
            update.setObject(5, Timestamps.utc(now));
            return count(update);
        }
    }

    /** Gives up deliveries of the batch that is under way. */
    static void giveUp(
            Connection connection, UUID subscription, long delivery, String reason, Instant now)
            throws SQLException {
        giveUp(connection, subscription, "id = ?", delivery, reason, now);
    }

    /** Gives up what is in any batch. Returns how many there were. */
    static int giveUpTaken(Connection connection, UUID subscription, String reason, Instant now)
            throws SQLException {
        return giveUp(connection, subscription, "batch > ?", 0, reason, now);
    }

    private static int giveUp(
            Connection connection,
            UUID subscription,
            String which,
            long value,
            String reason,
            Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement move =
                connection.prepareStatement(
                        "WITH gone AS (DELETE FROM bus.pending_deliveries WHERE subscription_id = ?"
                                + " AND batch IS NOT NULL AND "
                                + which
                                + """
                                 RETURNING *
                                ), dead AS (
                                    INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, key,
                                        priority, body, attempts, reason, accepted_at, dead_at)
                                    SELECT uuidv7(), subscription_id, event_id, event_type, topic, key, priority, body,
                                        attempts + 1, ?, accepted_at, ?
                                    FROM gone ORDER BY id
                                ), recorded AS (
                                    INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number,
                                        status, method, error_message, delivered_at, is_last_attempt)
                                    SELECT uuidv7(), event_id, subscription_id::text, attempts + 1, 'dead', 'kafka', ?, ?,
                                        true
                                    FROM gone ORDER BY id
                                )
                                SELECT count(*) FROM gone
                                """)) {
            move.setObject(1, subscription);
            move.setLong(2, value);
            move.setString(3, reason);
            move.setObject(4, Timestamps.utc(now));
            move.setString(5, reason);
            move.setObject(6, Timestamps.utc(now));
            return count(move);
        }
    }

    private static int count(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }
}
