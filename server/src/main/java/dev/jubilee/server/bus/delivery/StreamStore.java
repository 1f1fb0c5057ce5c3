package dev.jubilee.server.bus.delivery;

import dev.jubilee.events.postgres.SqlArray;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The SQL of what streams give back when they end, and of what clients say when they come back. */
final class StreamStore {
    private StreamStore() {}

    /**
     * What is not known to have reached the subscriber is due again.
     *
     * @param leases in the order of sending
     * @param stream over which it was sent; null if it was not: then it is as if it had not been
     *     taken
     */
    static void release(
            Connection connection,
            UUID subscription,
            List<Leases.Lease> leases,
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
            update.setObject(1, now.atOffset(ZoneOffset.UTC));
            update.setInt(2, stream == null ? 1 : 0);
            update.setObject(3, stream, Types.BIGINT);
            update.setArray(
                    4,
                    connection.createArrayOf(
                            "int8", leases.stream().map(Leases.Lease::delivery).toArray()));
            update.setObject(5, SqlArray.instants(leases.stream().map(Leases.Lease::end).toList()));
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
     * This one is delivered, and what its stream had sent before it: all that is given back by now
     * and stands before it in the order of the stream.
     *
     * <p>Returns how many there were.
     *
     * @param arrived what is known to have arrived besides, wherever it is
     */
    static int ackUpTo(
            Connection connection,
            UUID subscription,
            StreamEventId last,
            List<Long> arrived,
            Instant now)
            throws SQLException {
        PendingStore.lockOwners(connection, List.of(subscription));
        List<Long> ids = new ArrayList<>(arrived);
        ids.add(last.delivery());
        Long stream = last.stream();
        if (stream != null) {
            ids.addAll(sentBefore(connection, subscription, last.delivery(), stream));
        }
        return LeaseStore.delivered(
                connection,
                subscription,
                "attempts > 0 AND id = ANY (?)",
                ids.toArray(Long[]::new),
                now);
    }

    private static List<Long> sentBefore(
            Connection connection, UUID subscription, long last, long stream) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT b.id
                        FROM bus.pending_deliveries l JOIN bus.pending_deliveries b
                          ON b.subscription_id = l.subscription_id AND b.stream = l.stream
                            AND b.stream_place < l.stream_place
                        WHERE l.subscription_id = ? AND l.id = ? AND l.stream = ?
                        """)) {
            select.setObject(1, subscription);
            select.setLong(2, last);
            select.setLong(3, stream);
            List<Long> found = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.add(row.getLong(1));
                }
            }
            return found;
        }
    }
}
