package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Takes and gives back as streams do, in transactions of the test's own. */
public final class TestLeases {
    private static final int RETRIES = 3;
    private static final LeaseStore.Most MOST = LeaseStore.Most.of(100, 1 << 20);

    private TestLeases() {}

    public static List<Delivery> take(
            Connection connection, UUID subscription, Instant now, Instant until)
            throws SQLException {
        return LeaseStore.lease(connection, subscription, List.of(), MOST, RETRIES, now, until);
    }

    /**
     * @param stream over which they were sent, in this order; null if they were not sent
     */
    public static void release(
            Connection connection,
            UUID subscription,
            List<Lease> leases,
            Instant now,
            @Nullable Long stream)
            throws SQLException {
        LeaseStore.release(connection, subscription, leases, now, stream);
    }
}
