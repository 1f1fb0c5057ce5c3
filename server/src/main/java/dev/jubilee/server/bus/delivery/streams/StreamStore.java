package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.leases.LeaseStore;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The SQL of clients that come back to a stream. */
final class StreamStore {
    private StreamStore() {}

    /**
     * Ends as delivered the event that the client names, and all that its stream had sent before
     * it, as far as it was given back by now.
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
