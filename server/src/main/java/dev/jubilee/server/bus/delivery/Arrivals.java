package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.database.ChangeFeed;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;

/** Tells all instances, when the transaction commits, that something waits for a subscription. */
final class Arrivals {
    /** The subject of the change feed; what is told is the subscription, or nothing for all. */
    static final String SUBJECT = "deliveries";

    private Arrivals() {}

    static void announce(Connection connection, UUID subscription) throws SQLException {
        ChangeFeed.announce(connection, SUBJECT, subscription.toString());
    }

    /** Something may wait for any of them. */
    static void announceAll(Connection connection) throws SQLException {
        ChangeFeed.announce(connection, SUBJECT, "");
    }
}
