package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What subscriptions are owed, which may be much. It is dropped and hurried in parts, each in a
 * transaction of its own: everybody's routing waits for one that changes a subscription, so only a
 * little is left to that. Blocks. Thread-safe.
 *
 * <p>A part is a range of ids, never a join with them: by statistics of a time when little was
 * owed, a join compares each of its ids with all that is owed now.
 */
final class OwedDeliveries {
    /** Rows that one transaction drops, or hurries. */
    static final int PART = 10_000;

    /** What was tried before and waits to be tried again, behind an id. */
    private static final String DUE_LATER =
            """
            CASE WHEN attempts > 0 THEN subscription_id END = ? AND attempts > 0 AND due_at > ? AND id > ?
            """;

    private final Database database;

    OwedDeliveries(Database database) {
        this.database = database;
    }

    /** Begins each part. */
    @FunctionalInterface
    interface Guard {
        /** Locks the subscription, and returns whether to go on. */
        boolean lock(Connection connection) throws SQLException;
    }

    /** Drops all but a little; returns whether there was more. */
    boolean dropMost(UUID subscription, Guard guard) {
        boolean dropped = false;
        while (dropPart("bus.pending_deliveries", subscription, guard)) {
            dropped = true;
        }
        return dropped;
    }

    /** The same, with its dead letters. */
    void dropMostWithDeadLetters(UUID subscription, Guard guard) {
        boolean more = true;
        while (more) {
            more =
                    dropPart("bus.pending_deliveries", subscription, guard)
                            || dropPart("bus.dead_letters", subscription, guard);
        }
    }

    /** Drops the little that is left, in the transaction of the change. */
    static void dropRest(Connection connection, UUID subscription) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement(
                        "DELETE FROM bus.pending_deliveries WHERE subscription_id = ?")) {
            delete.setObject(1, subscription);
            delete.executeUpdate();
        }
    }

    private boolean dropPart(String table, UUID subscription, Guard guard) {
        return database.transaction(
                connection -> guard.lock(connection) && dropPart(connection, table, subscription));
    }

    /** Nothing, where there is less than a part. */
    private static boolean dropPart(Connection connection, String table, UUID subscription)
            throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement(
                        """
                        DELETE FROM %1$s WHERE subscription_id = ? AND id <= (
                            SELECT id FROM %1$s WHERE subscription_id = ? ORDER BY id LIMIT 1 OFFSET ?)
                        """
                                .formatted(table))) {
            delete.setObject(1, subscription);
            delete.setObject(2, subscription);
            delete.setInt(3, PART - 1);
            return delete.executeUpdate() > 0;
        }
    }

    /** Makes due now what was tried and is due later, and tells those who deliver it. */
    void hurry(UUID subscription, Instant now, Guard guard) {
        // In the order of ids: what fails again meanwhile is not hurried again and again.
        Long last = Long.MIN_VALUE;
        while (last != null) {
            long after = last;
            last =
                    database.transaction(connection ->
                            guard.lock(connection)
                                    ? hurryPart(connection, subscription, now, after)
                                    : null);
        }
    }

    /** Returns the last one, or null when there are no more. */
    private static @Nullable Long hurryPart(
            Connection connection, UUID subscription, Instant now, long after) throws SQLException {
        Long last = lastOfPart(connection, subscription, now, after);
        hurry(connection, subscription, now, after, last == null ? Long.MAX_VALUE : last);
        if (last == null) {
            ArrivalNotices.announce(connection, subscription);
        }
        return last;
    }

    private static @Nullable Long lastOfPart(
            Connection connection, UUID subscription, Instant now, long after) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT id FROM bus.pending_deliveries WHERE "
                                + DUE_LATER
                                + "ORDER BY id LIMIT 1 OFFSET ?")) {
            select.setObject(1, subscription);
            select.setObject(2, Timestamps.utc(now));
            select.setLong(3, after);
            select.setInt(4, PART - 1);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getLong(1) : null;
            }
        }
    }

    private static void hurry(
            Connection connection, UUID subscription, Instant now, long after, long last)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE bus.pending_deliveries SET due_at = ?"
                                + " WHERE subscription_id = ? AND id <= ? AND "
                                + DUE_LATER)) {
            update.setObject(1, Timestamps.utc(now));
            update.setObject(2, subscription);
            update.setLong(3, last);
            update.setObject(4, subscription);
            update.setObject(5, Timestamps.utc(now));
            update.setLong(6, after);
            update.executeUpdate();
        }
    }
}
