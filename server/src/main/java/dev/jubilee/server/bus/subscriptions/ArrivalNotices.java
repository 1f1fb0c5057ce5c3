package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.database.ChangeFeed;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;

/** Tells all instances, when the transaction commits, that something waits for a subscription. */
public final class ArrivalNotices {
    /**
     * The subject of the change feed: a subscription for which something waits, or nothing for all.
     */
    public static final String SUBJECT = "deliveries";

    private ArrivalNotices() {}

    public static void announce(Connection connection, UUID subscription) throws SQLException {
        ChangeFeed.announce(connection, SUBJECT, subscription.toString());
    }

    /** Something may wait for any of them. */
    public static void announceAll(Connection connection) throws SQLException {
        ChangeFeed.announce(connection, SUBJECT, "");
    }
}
