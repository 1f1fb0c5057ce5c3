package dev.jubilee.server.liveops.rewards;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Gives the unclaimed grants of one occurrence another expiry, in the order of their keys, some a
 * transaction. For one thread; when a transaction fails, another is to be made.
 */
public final class Expiries {
    private final Part part;
    private Place reached = new Place("", "", 0);

    /** A place in the order of the grants of an occurrence. */
    record Place(String userId, String rewardId, int sequence) {}

    /** Writes those behind a place, and returns the last of them: null when none are left. */
    @FunctionalInterface
    interface Part {
        @Nullable Place behind(Connection connection, Place place) throws SQLException;
    }

    Expiries(Part part) {
        this.part = part;
    }

    /**
     * Writes the next of them. Locks them in their order, as all do who lock grants.
     *
     * @return whether some may be left
     */
    public boolean next(Connection connection) throws SQLException {
        Place last = part.behind(connection, reached);
        if (last == null) {
            return false;
        }
        reached = last;
        return true;
    }
}
