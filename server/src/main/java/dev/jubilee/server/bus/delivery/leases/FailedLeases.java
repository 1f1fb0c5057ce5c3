package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** The SQL of leases that ended without an acknowledgement. Each is an attempt on record. */
final class FailedLeases {
    private FailedLeases() {}

    /**
     * Gives up what was taken too often and never acknowledged, the earliest first, and returns how
     * many there were.
     *
     * @param most so many at once
     */
    static int giveUp(
            Connection connection, UUID subscription, int most, int maxRetries, Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement move =
                connection.prepareStatement(
                        """
                        WITH spent AS MATERIALIZED (
                            SELECT subscription_id, id FROM bus.pending_deliveries
                            WHERE CASE WHEN attempts > 0 THEN subscription_id END = ? AND attempts > 0
                                AND due_at <= ? AND attempts > ?
                            ORDER BY due_at, id LIMIT ?
                        ), gone AS (
                            DELETE FROM bus.pending_deliveries p USING spent s
                            WHERE p.subscription_id = s.subscription_id AND p.id = s.id RETURNING p.*
                        ), dead AS (
                        """
                                + deadLettersFrom("gone", "'it was not acknowledged in time'")
                                + "), recorded AS ("
                                + LeaseStore.RECORD
                                + """
                                        SELECT uuidv7(), event_id, subscription_id::text, attempts, 'dead', 'sse',
                                            'it was not acknowledged in time', ?, NULL, true
                                        FROM gone
                                )
                                SELECT count(*) FROM gone
                                """)) {
            move.setObject(1, subscription);
            move.setObject(2, Timestamps.utc(now));
            move.setInt(3, maxRetries);
            move.setInt(4, most);
            move.setObject(5, Timestamps.utc(now));
            move.setObject(6, Timestamps.utc(now));
            return LeaseStore.count(move);
        }
    }

    /**
     * Puts leases that ended without an answer on record as failed, the earliest first, and has the
     * events wait again. Returns how many there were.
     *
     * @param most so many at once
     * @param pauses from now on
     * @param why they count as failed
     */
    static int expire(
            Connection connection,
            UUID subscription,
            int most,
            Pauses pauses,
            String why,
            Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        WITH ended AS MATERIALIZED (
                            SELECT subscription_id, id FROM bus.pending_deliveries
                            WHERE CASE WHEN attempts > 0 THEN subscription_id END = ? AND attempts > 0
                                AND taken AND due_at <= ?
                            ORDER BY due_at, id LIMIT ?
                        ), again AS (
                            UPDATE bus.pending_deliveries p SET taken = false, due_at = ? +
                        """
                                + Pauses.SQL
                                + """
                                         FROM ended e WHERE p.subscription_id = e.subscription_id AND p.id = e.id
                                        RETURNING p.*
                                ), recorded AS (
                                """
                                + LeaseStore.RECORD
                                + """
                                SELECT uuidv7(), event_id, subscription_id::text, attempts, 'failed', 'sse', ?, ?,
                                    due_at, false
                                FROM again ORDER BY id)
                                SELECT count(*) FROM again
                                """)) {
            update.setObject(1, subscription);
            update.setObject(2, Timestamps.utc(now));
            update.setInt(3, most);
            update.setObject(4, Timestamps.utc(now));
            int next = pauses.set(update, 5);
            update.setString(next, why);
            update.setObject(next + 1, Timestamps.utc(now));
            return LeaseStore.count(update);
        }
    }

    /** What was leased comes again after its pause, unless it was tried too often. */
    static int nack(
            Connection connection,
            UUID subscription,
            List<Long> ids,
            int maxRetries,
            Pauses pauses,
            Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        "WITH again AS (UPDATE bus.pending_deliveries p SET taken = false, due_at = ? + "
                                + Pauses.SQL
                                + " WHERE subscription_id = ? AND taken AND id = ANY (?)"
                                + " AND attempts <= ? RETURNING p.*), recorded AS ("
                                + LeaseStore.RECORD
                                + """
                                SELECT uuidv7(), event_id, subscription_id::text, attempts, 'failed', 'sse',
                                    'the subscriber gave it back', ?, due_at, false
                                FROM again)
                                SELECT count(*) FROM again
                                """)) {
            update.setObject(1, Timestamps.utc(now));
            int next = pauses.set(update, 2);
            update.setObject(next, subscription);
            update.setArray(next + 1, connection.createArrayOf("int8", ids.toArray()));
            update.setInt(next + 2, maxRetries);
            update.setObject(next + 3, Timestamps.utc(now));
            return LeaseStore.count(update);
        }
    }

    /** What the subscriber gave back too often is given up. */
    static int nackDead(
            Connection connection, UUID subscription, List<Long> ids, int maxRetries, Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement move =
                connection.prepareStatement(
                        """
                        WITH gone AS (
                            DELETE FROM bus.pending_deliveries WHERE subscription_id = ? AND taken
                                AND id = ANY (?) AND attempts > ? RETURNING *
                        ), dead AS (
                        """
                                + deadLettersFrom("gone", "'the subscriber gave it back'")
                                + "), recorded AS ("
                                + LeaseStore.RECORD
                                + """
                                SELECT uuidv7(), event_id, subscription_id::text, attempts, 'dead', 'sse',
                                    'the subscriber gave it back', ?, NULL, true
                                FROM gone)
                                SELECT count(*) FROM gone
                                """)) {
            move.setObject(1, subscription);
            move.setArray(2, connection.createArrayOf("int8", ids.toArray()));
            move.setInt(3, maxRetries);
            move.setObject(4, Timestamps.utc(now));
            move.setObject(5, Timestamps.utc(now));
            return LeaseStore.count(move);
        }
    }

    private static String deadLettersFrom(String rows, String reason) {
        return """
        INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, key, priority, body,
            attempts, reason, accepted_at, dead_at)
        SELECT uuidv7(), subscription_id, event_id, event_type, topic, key, priority, body, attempts,
            %s, accepted_at, ?
        FROM %s
        """
                .formatted(reason, rows);
    }
}
