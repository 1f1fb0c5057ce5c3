package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.server.bus.store.BinaryCopy;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** The SQL of {@code bus.pending_deliveries}. */
public final class PendingStore {
    /** Ids that one call of the sequence hands out. */
    public static final int BLOCK = 10_000;

    private static final int COLUMNS = 12;
    public static final String FIELDS =
            """
            p.subscription_id, p.id, p.event_id, p.event_type, p.topic, p.key, p.priority, p.body, p.attempts,
            p.due_at, p.accepted_at
            """;

    /** Selects the waiting rows of a subscription, in the form that only their index serves. */
    private static final String WAITING = "CASE WHEN NOT taken THEN subscription_id END = ?";

    private PendingStore() {}

    /** A delivery as it is written. */
    public interface Row {
        Delivery delivery();

        /** Whether it has a place in memory; else it waits. */
        boolean taken();
    }

    private record Waiting(Delivery delivery) implements Row {
        @Override
        public boolean taken() {
            return false;
        }
    }

    /**
     * The facts that a routing transaction needs before it writes.
     *
     * @param version of the subscriptions
     * @param firstId of a block of ids
     * @param instances that deliver
     */
    public record Head(long version, long firstId, int instances) {}

    /**
     * Locks the instance's row and the version of the subscriptions until the end of the
     * transaction: the instance is not deposed, and no subscription changes, before it ends.
     * Heartbeats of the instance go on. Empty if the instance was deposed.
     */
    public static Optional<Head> head(Connection connection, UUID instance) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT v.version, nextval('bus.delivery_ids'),
                            (SELECT count(*) FROM bus.delivery_instances)
                        FROM bus.subscription_version v, bus.delivery_instances i
                        WHERE i.instance_id = ? FOR KEY SHARE OF i FOR SHARE OF v
                        """)) {
            select.setObject(1, instance);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Head(row.getLong(1), row.getLong(2), row.getInt(3)))
                        : Optional.empty();
            }
        }
    }

    /** Waits until the routing transactions that the instance has under way are over. */
    public static boolean awaitRouting(Connection connection, UUID instance) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT FROM bus.delivery_instances WHERE instance_id = ? FOR UPDATE")) {
            select.setObject(1, instance);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    public static long nextBlock(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT nextval('bus.delivery_ids')");
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    /**
     * Adds waiting deliveries, which are numbered here, in this order and after what is owed
     * already.
     */
    public static void owe(Connection connection, List<Delivery> deliveries, BinaryCopy copy)
            throws SQLException {
        List<Row> rows = new ArrayList<>(deliveries.size());
        long id = 0;
        for (int i = 0; i < deliveries.size(); i++) {
            if (i % BLOCK == 0) {
                id = nextBlock(connection);
            }
            rows.add(new Waiting(deliveries.get(i).numbered(id + i % BLOCK)));
        }
        insert(connection, rows, copy);
    }

    public static void insert(Connection connection, List<? extends Row> rows, BinaryCopy copy)
            throws SQLException {
        CopyIn into =
                connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(
                                """
                                COPY bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, key,
                                    priority, body, attempts, due_at, taken, accepted_at)
                                FROM STDIN (FORMAT binary)
                                """);
        try {
            copy.begin();
            for (Row row : rows) {
                Delivery it = row.delivery();
                copy.row(COLUMNS);
                copy.uuid(it.subscriptionId());
                copy.int8(it.id());
                copy.text(it.eventId());
                copy.text(it.eventType());
                copy.text(it.topic());
                copy.text(it.key());
                copy.int2(it.priority());
                copy.field(it.body());
                copy.int4(it.attempts());
                copy.timestamp(it.dueAt());
                copy.bool(row.taken());
                copy.timestamp(it.acceptedAt());
                copy.flushWhenFull(into);
            }
            copy.end(into);
        } finally {
            if (into.isActive()) {
                into.cancelCopy();
            }
        }
    }

    /** Whether at least so many deliveries are owed. */
    public static boolean isBacklogged(Connection connection, UUID subscription, int most)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT count(*) FROM (SELECT FROM bus.pending_deliveries
                            WHERE subscription_id = ? LIMIT ?) AS owed
                        """)) {
            select.setObject(1, subscription);
            select.setInt(2, most);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getInt(1) >= most;
            }
        }
    }

    /**
     * Locks the subscriptions. Every transaction that changes several of their rows does this
     * first: who deletes or rewinds a subscription locks it, too, before dropping its rows, so the
     * two cannot deadlock.
     */
    public static void lockOwners(Connection connection, Collection<UUID> subscriptions)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT FROM bus.event_subscriptions WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE
                        """)) {
            select.setArray(1, connection.createArrayOf("uuid", subscriptions.toArray()));
            select.executeQuery().close();
        }
    }

    /** Locks one subscription; false when it was deleted. */
    public static boolean lockOwner(Connection connection, UUID subscription) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT FROM bus.event_subscriptions WHERE id = ? FOR NO KEY UPDATE")) {
            select.setObject(1, subscription);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    /**
     * The subscriptions for which something waits.
     *
     * @param except what is in this instance's memory
     */
    public static Set<UUID> waiting(
            Connection connection, Collection<UUID> subscriptions, Collection<Long> except)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT s.id FROM unnest(?) AS s (id)
                        WHERE EXISTS (SELECT FROM bus.pending_deliveries p
                            WHERE CASE WHEN NOT p.taken THEN p.subscription_id END = s.id AND NOT p.taken
                                AND p.id <> ALL (?))
                        """)) {
            select.setArray(1, connection.createArrayOf("uuid", subscriptions.toArray()));
            select.setArray(2, connection.createArrayOf("int8", except.toArray()));
            Set<UUID> found = new HashSet<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.add(row.getObject(1, UUID.class));
                }
            }
            return found;
        }
    }

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
            return read(select);
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
            return read(select);
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
            return read(select);
        }
    }

    /**
     * Selects rows as long as those before them have fewer bytes than the last parameter: at least
     * one fits.
     */
    private static String fitting(String from, String which) {
        return "SELECT "
                + FIELDS
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

    /**
     * Makes what these subscriptions have taken wait again, except for batches of relays, which may
     * have been written.
     */
    public static void giveBack(Connection connection, Collection<UUID> subscriptions)
            throws SQLException {
        lockOwners(connection, subscriptions);
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.pending_deliveries SET taken = false
                        WHERE subscription_id = ANY (?) AND taken AND batch IS NULL
                        """)) {
            update.setArray(1, connection.createArrayOf("uuid", subscriptions.toArray()));
            update.executeUpdate();
        }
    }

    /** Makes these deliveries wait. */
    public static void leave(Connection connection, List<Delivery> deliveries) throws SQLException {
        Set<UUID> subscriptions = new HashSet<>();
        deliveries.forEach(one -> subscriptions.add(one.subscriptionId()));
        lockOwners(connection, subscriptions);
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.pending_deliveries SET taken = false
                        WHERE subscription_id = ANY (?) AND id = ANY (?)
                        """)) {
            update.setArray(1, connection.createArrayOf("uuid", subscriptions.toArray()));
            update.setArray(
                    2,
                    connection.createArrayOf(
                            "int8", deliveries.stream().map(Delivery::id).toArray()));
            update.executeUpdate();
        }
    }

    public static List<Delivery> read(PreparedStatement statement) throws SQLException {
        List<Delivery> found = new ArrayList<>();
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                found.add(
                        new Delivery(
                                row.getObject(1, UUID.class),
                                row.getLong(2),
                                row.getString(3),
                                row.getString(4),
                                row.getString(5),
                                row.getString(6),
                                row.getInt(7),
                                row.getBytes(8),
                                row.getInt(9),
                                Timestamps.instant(row, 10),
                                Timestamps.instant(row, 11)));
            }
        }
        return found;
    }
}
