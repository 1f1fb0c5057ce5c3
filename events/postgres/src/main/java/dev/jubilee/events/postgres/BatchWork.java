package dev.jubilee.events.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * What a lane does with a batch. It may run several times for the same items, each time in a
 * transaction that has left nothing behind, so it must have no effect but through the connection;
 * and it neither commits nor rolls back, unless its lane is {@link LaneSettings#repeatable}.
 *
 * <p>Lanes that touch the same rows must lock them in one order everywhere. An exception rolls the
 * batch back: deadlocks, serialization failures and lost connections are tried again; anything else
 * is taken for the fault of one item, and the batch is halved until that one stands alone.
 */
@FunctionalInterface
public interface BatchWork<T, R> {
    /** The result of each item, in the order of the items. */
    List<R> execute(Connection connection, List<T> items) throws SQLException;
}
