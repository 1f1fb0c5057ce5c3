package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.server.bus.store.BinaryCopy;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * The SQL of {@code bus.pending_deliveries}: how deliveries come to wait, and who locks what;
 * {@link BacklogQueries} read them.
 */
public final class PendingStore {
    /** Ids that one call of the sequence hands out. */
    public static final int BLOCK = 10_000;

    private static final int COLUMNS = 12;
    public static final String FIELDS =
            """
            p.subscription_id, p.id, p.event_id, p.event_type, p.topic, p.key, p.priority, p.body, p.attempts,
            p.due_at, p.accepted_at
            """;

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
