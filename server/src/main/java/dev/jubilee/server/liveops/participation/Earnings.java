package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Makes grants of what joining and completing earn, in the transaction that lets it be earned. */
@FunctionalInterface
public interface Earnings {
    /**
     * Makes the grants that are not there yet, and returns the events that tell of those it made.
     */
    List<OutboxEvent> earn(Connection connection, List<Earned> earned) throws SQLException;
}
