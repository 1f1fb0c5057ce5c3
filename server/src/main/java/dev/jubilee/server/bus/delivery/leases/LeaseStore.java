package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The SQL of deliveries that subscribers take themselves. One that was taken is leased: it is due
 * again when the lease ends, see {@link FailedLeases}.
 */
public final class LeaseStore {
    static final String RECORD =
            """
            INSERT INTO bus.event_deliveries (id, event_id, subscription_id, attempt_number, status, method,
                error_message, delivered_at, next_retry_at, is_last_attempt)
            """;

    private LeaseStore() {}

    /**
     * How many, and how large together.
     *
     * @param bytes of events, unless one alone has more
     * @param alone bytes that one alone may have
     */
    public record Most(int deliveries, int bytes, int alone) {
        /** One at least, however large it is. */
        public static Most of(int deliveries, int bytes) {
            return new Most(deliveries, bytes, Integer.MAX_VALUE);
        }

        /** None that is larger. */
        public static Most within(int deliveries, int bytes) {
            return new Most(deliveries, bytes, bytes);
        }
    }

    /**
     * Leases what is due and not leased, in order, to one caller, who may not have what the closed
     * topics hold. Costs nothing for what is leased, however much that may be.
     *
     * <p>Who takes of the same subscription at the same time waits, and goes on where this one
     * ended.
     *
     * @param mostAttempts what was tried more often waits to be given up
     */
    static List<Delivery> lease(
            Connection connection,
            UUID subscription,
            List<String> closed,
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
                            WHERE CASE WHEN NOT taken THEN subscription_id END = ? AND NOT taken
                                AND due_at <= ? AND topic <> ALL (?) AND attempts <= ?
                            ORDER BY id LIMIT ?
                        ), measured AS (
                            SELECT subscription_id, id, size, sum(size) OVER (ORDER BY id) AS together FROM next
                        )
                        UPDATE bus.pending_deliveries p
                        SET taken = true, attempts = attempts + 1, due_at = ?, stream = NULL, stream_place = NULL
                        FROM measured n
                        WHERE p.subscription_id = n.subscription_id AND p.id = n.id
                            AND (n.together <= ? OR (n.together = n.size AND n.size <= ?))
                        RETURNING p.subscription_id, p.id, p.event_id, p.event_type, p.topic, p.key, p.priority,
                            p.body, p.attempts, p.due_at, p.accepted_at
                        """)) {
            update.setObject(1, subscription);
            update.setObject(2, Timestamps.utc(now));
            update.setArray(3, connection.createArrayOf("text", closed.toArray()));
            update.setInt(4, mostAttempts);
            update.setInt(5, most.deliveries());
            update.setObject(6, Timestamps.utc(until));
            update.setInt(7, most.bytes());
            update.setInt(8, most.alone());
            List<Delivery> leased = PendingStore.read(update);
            leased.sort(Comparator.comparingLong(Delivery::id));
            return leased;
        }
    }

    /** Ends leases as delivered. Returns how many there were. */
    static int ack(Connection connection, UUID subscription, List<Long> ids, Instant now)
            throws SQLException {
        return delivered(
                connection, subscription, "taken AND id = ANY (?)", ids.toArray(Long[]::new), now);
    }

    /** The same for those of the ids of which the condition holds. */
    public static int delivered(
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
            move.setObject(3, Timestamps.utc(now));
            move.setObject(4, Timestamps.utc(now));
            move.setObject(5, subscription);
            return count(move);
        }
    }

    /**
     * Makes deliveries due again that may not have reached the subscriber.
     *
     * @param leases in the order of sending
     * @param stream over which it was sent; null if it was not: then it is as if it had not been
     *     taken
     */
    static void release(
            Connection connection,
            UUID subscription,
            List<Lease> leases,
            Instant now,
            @Nullable Long stream)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.pending_deliveries p
                        SET due_at = ?, taken = false, attempts = p.attempts - ?, stream = ?, stream_place = n.place
                        FROM unnest(?, ?, ?) AS n (id, lease_end, place)
                        WHERE p.subscription_id = ? AND p.taken AND p.id = n.id AND p.due_at = n.lease_end
                        """)) {
            update.setObject(1, Timestamps.utc(now));
            update.setInt(2, stream == null ? 1 : 0);
            update.setObject(3, stream, Types.BIGINT);
            update.setArray(
                    4,
                    connection.createArrayOf(
                            "int8", leases.stream().map(Lease::delivery).toArray()));
            update.setObject(5, SqlArray.instants(leases.stream().map(Lease::end).toList()));
            Integer[] places = new Integer[leases.size()];
            if (stream != null) {
                Arrays.setAll(places, place -> place);
            }
            update.setArray(6, connection.createArrayOf("int4", places));
            update.setObject(7, subscription);
            update.executeUpdate();
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
                return new Outlook(Timestamps.instantOrNull(row, 1), row.getBoolean(2));
            }
        }
    }

    static int count(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }
}
