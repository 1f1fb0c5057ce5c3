package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The SQL with which the waiting deliveries of a subscription are read, some at a time. */
final class BacklogQueries {
    /** Selects the waiting rows of a subscription, in the form that only their index serves. */
    private static final String WAITING = "CASE WHEN NOT taken THEN subscription_id END = ?";

    private BacklogQueries() {}

    /**
     * Reads waiting deliveries of high priority, in order; where order is kept, not those with an
     * earlier one of their key. Their rows go on to wait.
     *
     * @param ordered whether deliveries of one key wait for each other
     * @param due only what is due by then; null for all
     * @param closed topics whose events stay
     * @param bytes as soon as there are so many the rest stays
     */
    static List<Delivery> readHigh(
            Connection connection,
            UUID subscription,
            boolean ordered,
            @Nullable Instant due,
            Collection<String> closed,
            DeliveryLoader.Wanted wanted,
            long bytes)
            throws SQLException {
        String from =
                """
                (SELECT * FROM bus.pending_deliveries
                 WHERE CASE WHEN NOT taken AND priority = 0 THEN subscription_id END = ?
                    AND NOT taken AND priority = 0 AND topic <> ALL (?) AND %s
                 ORDER BY id LIMIT ?)
                """
                        .formatted(which(wanted));
        String free =
                """
                NOT ? OR key IS NULL OR NOT EXISTS (SELECT FROM bus.pending_deliveries o
                    WHERE CASE WHEN NOT o.taken THEN o.subscription_id END = p.subscription_id
                        AND NOT o.taken AND o.key IS NOT NULL AND o.key = p.key AND o.id < p.id)
                """;
        try (PreparedStatement select = connection.prepareStatement(fitting(from, free))) {
            int at = bind(connection, select, subscription, due, closed, wanted);
            select.setInt(++at, wanted.limit());
            select.setBoolean(++at, ordered);
            select.setInt(++at, wanted.limit());
            select.setLong(++at, Math.max(1, bytes));
            return PendingStore.read(select);
        }
    }

    /**
     * Reads waiting deliveries in order. Their rows go on to wait: the one instance that delivers
     * them knows what it has read, and rewriting each row would cost more than all else.
     *
     * @param due only what is due by then; null for all
     * @param closed topics whose events stay
     * @param bytes as soon as there are so many the rest stays
     */
    static List<Delivery> read(
            Connection connection,
            UUID subscription,
            @Nullable Instant due,
            Collection<String> closed,
            DeliveryLoader.Wanted wanted,
            long bytes)
            throws SQLException {
        String of = WAITING + " AND NOT taken AND topic <> ALL (?) AND " + which(wanted);
        try (PreparedStatement select =
                connection.prepareStatement(fitting("bus.pending_deliveries", of))) {
            int at = bind(connection, select, subscription, due, closed, wanted);
            select.setInt(++at, wanted.limit());
            select.setLong(++at, Math.max(1, bytes));
            return PendingStore.read(select);
        }
    }

    /**
     * Finds what is to be read next, in order.
     *
     * @param due only what is due by then; null for all
     * @param closed topics whose events stay
     */
    static LoadPlan find(
            Connection connection,
            UUID subscription,
            @Nullable Instant due,
            List<String> closed,
            DeliveryLoader.Wanted wanted)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT id FROM bus.pending_deliveries WHERE "
                                + WAITING
                                + " AND NOT taken AND topic <> ALL (?) AND "
                                + which(wanted)
                                + " ORDER BY id LIMIT ?")) {
            int at = bind(connection, select, subscription, due, closed, wanted);
            select.setInt(++at, LoadPlan.MOST);
            LongStream.Builder ids = LongStream.builder();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    ids.add(row.getLong(1));
                }
            }
            return LoadPlan.of(ids.build().toArray(), closed);
        }
    }

    private static String which(DeliveryLoader.Wanted wanted) {
        String which = "due_at <= ? AND id <> ALL (?)";
        // As a subquery it is hashed; an array would be gone through for each row.
        return wanted.parked().isEmpty()
                ? which
                : which + " AND (key IS NULL OR key NOT IN (SELECT unnest(?::text[])))";
    }

    /** Binds the subscription and the selection; returns the index of the last parameter. */
    private static int bind(
            Connection connection,
            PreparedStatement select,
            UUID subscription,
            @Nullable Instant due,
            Collection<String> closed,
            DeliveryLoader.Wanted wanted)
            throws SQLException {
        int at = 0;
        select.setObject(++at, subscription);
        select.setArray(++at, connection.createArrayOf("text", closed.toArray()));
        select.setObject(++at, due == null ? OffsetDateTime.MAX : Timestamps.utc(due));
        select.setArray(++at, connection.createArrayOf("int8", wanted.except().toArray()));
        if (!wanted.parked().isEmpty()) {
            select.setArray(++at, connection.createArrayOf("text", wanted.parked().toArray()));
        }
        return at;
    }

    /**
     * Reads those of the deliveries that are there, in order. Their rows go on to wait.
     *
     * @param closed topics whose events stay
     * @param bytes as soon as there are so many the rest stays
     */
    static List<Delivery> read(
            Connection connection,
            UUID subscription,
            List<Long> ids,
            Collection<String> closed,
            long bytes)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        fitting(
                                "bus.pending_deliveries",
                                "subscription_id = ? AND NOT taken AND topic <> ALL (?) AND id = ANY (?)"))) {
            select.setObject(1, subscription);
            select.setArray(2, connection.createArrayOf("text", closed.toArray()));
            select.setArray(3, connection.createArrayOf("int8", ids.toArray()));
            select.setInt(4, ids.size());
            select.setLong(5, Math.max(1, bytes));
            return PendingStore.read(select);
        }
    }

    /**
     * Selects rows as long as those before them have fewer bytes than the last parameter: at least
     * one fits.
     */
    private static String fitting(String from, String which) {
        return "SELECT "
                + PendingStore.FIELDS
                + """
                  FROM (
                    SELECT p.*, sum(octet_length(body) + %1$d) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)
                        - octet_length(body) - %1$d AS before
                    FROM %2$s p
                    WHERE %3$s
                    ORDER BY id LIMIT ?
                ) p
                WHERE before < ? ORDER BY id
                """
                        .formatted(Delivery.OVERHEAD, from, which);
    }

    /** When the first of those that wait for later is due; null when none does. */
    static @Nullable Instant firstDueAfter(
            Connection connection, UUID subscription, Instant now, Collection<String> closed)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT min(due_at) FROM bus.pending_deliveries
                        WHERE CASE WHEN NOT taken THEN subscription_id END = ? AND NOT taken AND due_at > ?
                            AND topic <> ALL (?)
                        """)) {
            select.setObject(1, subscription);
            select.setObject(2, Timestamps.utc(now));
            select.setArray(3, connection.createArrayOf("text", closed.toArray()));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return Timestamps.instantOrNull(row, 1);
            }
        }
    }
}
