package dev.jubilee.server.bus.delivery;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The SQL of deliveries that subscribers take themselves. One that was taken is leased: it is due
 * again when the lease ends.
 */
final class LeaseStore {
    private static final String RECORD =
            """
            INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number, status, method,
                error_message, delivered_at, next_retry_at, is_last_attempt)
            """;

    private LeaseStore() {}

    /** Which of what is due. */
    enum Due {
        /** What is not leased. Costs nothing for what is, however much that may be. */
        WAITING("CASE WHEN NOT taken THEN subscription_id END = ? AND NOT taken"),
        /** That, and what was leased for longer than its lease. Looks at every lease. */
        ANY("subscription_id = ?");

        private final String condition;

        Due(String condition) {
            this.condition = condition;
        }
    }

    /**
     * How many, and how large together: one at least.
     *
     * @param bytes of events, unless one alone has more
     */
    record Most(int deliveries, int bytes) {}

    /**
     * Leases what is due, in order, to one caller, who may not have what the closed topics hold.
     * Who takes of the same subscription at the same time waits, and goes on where this one ended.
     *
     * @param mostAttempts what was tried more often waits to be given up
     */
    static List<Delivery> lease(
            Connection connection,
            UUID subscription,
            List<String> closed,
            Due which,
            Most most,
            int mostAttempts,
            Instant now,
            Instant until)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        WITH next AS MATERIALIZED (
                            SELECT subscription_id, id, octet_length(body) AS size FROM bus.pending_deliveries
                            WHERE %s AND due_at <= ? AND topic <> ALL (?) AND attempts <= ?
                            ORDER BY id LIMIT ?
                        ), measured AS (
                            SELECT subscription_id, id, size, sum(size) OVER (ORDER BY id) AS together FROM next
                        )
                        UPDATE bus.pending_deliveries p
                        SET taken = true, attempts = attempts + 1, due_at = ?, stream = NULL, stream_place = NULL
                        FROM measured n
                        WHERE p.subscription_id = n.subscription_id AND p.id = n.id
                            AND (n.together <= ? OR n.together = n.size)
                        RETURNING p.subscription_id, p.id, p.event_id, p.event_type, p.topic, p.key, p.priority,
                            p.body, p.attempts, p.due_at, p.accepted_at
                        """
                                .formatted(which.condition))) {
            update.setObject(1, subscription);
            update.setObject(2, utc(now));
            update.setArray(3, connection.createArrayOf("text", closed.toArray()));
            update.setInt(4, mostAttempts);
            update.setInt(5, most.deliveries());
            update.setObject(6, utc(until));
            update.setInt(7, most.bytes());
            List<Delivery> leased = PendingStore.read(update);
            leased.sort(Comparator.comparingLong(Delivery::id));
            return leased;
        }
    }

    /**
     * Gives up what was taken too often and never acknowledged, and returns how many there were.
     * Looks at everything.
     */
    static int giveUp(Connection connection, UUID subscription, int maxRetries, Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement move =
                connection.prepareStatement(
                        """
                        WITH gone AS (
                            DELETE FROM bus.pending_deliveries
                            WHERE subscription_id = ? AND due_at <= ? AND attempts > ? RETURNING *
                        ), dead AS (
                        """
                                + deadLettersFrom("gone", "'it was not acknowledged in time'")
                                + "), recorded AS ("
                                + RECORD
                                + """
                                        SELECT uuidv7(), event_id, subscription_id::text, attempts, 'dead', 'sse',
                                            'it was not acknowledged in time', ?, NULL, true
                                        FROM gone
                                )
                                SELECT count(*) FROM gone
                                """)) {
            move.setObject(1, subscription);
            move.setObject(2, utc(now));
            move.setInt(3, maxRetries);
            move.setObject(4, utc(now));
            move.setObject(5, utc(now));
            return count(move);
        }
    }

    /** What was leased is delivered. Returns how many of these there were. */
    static int ack(Connection connection, UUID subscription, List<Long> ids, Instant now)
            throws SQLException {
        return delivered(
                connection, subscription, "taken AND id = ANY (?)", ids.toArray(Long[]::new), now);
    }

    /** The same for those of the ids of which the condition holds. */
    static int delivered(
            Connection connection, UUID subscription, String which, Long[] ids, Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement move =
                connection.prepareStatement(
                        "WITH gone AS (DELETE FROM bus.pending_deliveries"
                                + " WHERE subscription_id = ? AND "
                                + which
                                + " RETURNING *), recorded AS ("
                                + RECORD
                                + """
                                SELECT uuidv7(), event_id, subscription_id::text, attempts, 'delivered', 'sse',
                                    NULL, ?, NULL, true
                                FROM gone), active AS (
                                UPDATE bus.event_subscriptions SET last_active = ?
                                WHERE id = ? AND EXISTS (SELECT FROM gone))
                                SELECT count(*) FROM gone
                                """)) {
            move.setObject(1, subscription);
            move.setArray(2, connection.createArrayOf("int8", ids));
            move.setObject(3, utc(now));
            move.setObject(4, utc(now));
            move.setObject(5, subscription);
            return count(move);
        }
    }

    /** What was leased comes again after the delay, unless it was tried too often. */
    static int nack(
            Connection connection,
            UUID subscription,
            List<Long> ids,
            int maxRetries,
            Instant now,
            Instant due)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        "WITH again AS (UPDATE bus.pending_deliveries SET due_at = ?, taken = false"
                                + " WHERE subscription_id = ? AND taken AND id = ANY (?)"
                                + " AND attempts <= ? RETURNING *), recorded AS ("
                                + RECORD
                                + """
                                SELECT uuidv7(), event_id, subscription_id::text, attempts, 'failed', 'sse',
                                    'the subscriber gave it back', ?, ?, false
                                FROM again)
                                SELECT count(*) FROM again
                                """)) {
            update.setObject(1, utc(due));
            update.setObject(2, subscription);
            update.setArray(3, connection.createArrayOf("int8", ids.toArray()));
            update.setInt(4, maxRetries);
            update.setObject(5, utc(now));
            update.setObject(6, utc(due));
            return count(update);
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
                                + RECORD
                                + """
                                SELECT uuidv7(), event_id, subscription_id::text, attempts, 'dead', 'sse',
                                    'the subscriber gave it back', ?, NULL, true
                                FROM gone)
                                SELECT count(*) FROM gone
                                """)) {
            move.setObject(1, subscription);
            move.setArray(2, connection.createArrayOf("int8", ids.toArray()));
            move.setInt(3, maxRetries);
            move.setObject(4, utc(now));
            move.setObject(5, utc(now));
            return count(move);
        }
    }

    /**
     * What is owed and not taken at the moment.
     *
     * @param due the earliest that waits; null when nothing does
     * @param leased whether something is leased, and comes again unless it is acknowledged
     */
    record Outlook(@Nullable Instant due, boolean leased) {}

    /** Looks at no more of what is leased than whether there is any. */
    static Outlook outlook(Connection connection, UUID subscription, List<String> closed)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT (SELECT min(due_at) FROM bus.pending_deliveries
                                WHERE CASE WHEN NOT taken THEN subscription_id END = ? AND NOT taken
                                    AND topic <> ALL (?)),
                            EXISTS (SELECT FROM bus.pending_deliveries
                                WHERE CASE WHEN attempts > 0 THEN subscription_id END = ? AND attempts > 0
                                    AND taken AND topic <> ALL (?))
                        """)) {
            select.setObject(1, subscription);
            select.setArray(2, connection.createArrayOf("text", closed.toArray()));
            select.setObject(3, subscription);
            select.setArray(4, connection.createArrayOf("text", closed.toArray()));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                OffsetDateTime due = row.getObject(1, OffsetDateTime.class);
                return new Outlook(due == null ? null : due.toInstant(), row.getBoolean(2));
            }
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

    private static int count(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}
