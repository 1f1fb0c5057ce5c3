package dev.jubilee.events.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One try at one batch, in one transaction. For the lane's thread alone. */
final class LaneTransaction<T, R> {
    private static final Logger LOG = LoggerFactory.getLogger(LaneTransaction.class);

    private final DataSource dataSource;
    private final BatchWork<T, R> work;
    private final @Nullable CommitToken token;

    LaneTransaction(DataSource dataSource, BatchWork<T, R> work, @Nullable CommitToken token) {
        this.dataSource = dataSource;
        this.work = work;
        this.token = token;
    }

    /** What came of a try. */
    sealed interface Outcome<R> {
        record Committed<R>(List<R> results) implements Outcome<R> {}

        /** Nothing was written. */
        record Undone<R>(SqlFailure kind, Throwable cause) implements Outcome<R> {}

        /** Everything was written, or nothing. */
        record Unknown<R>(List<R> results, long mark, Throwable cause) implements Outcome<R> {}
    }

    Outcome<R> execute(List<T> items) {
        Connection connection;
        try {
            connection = dataSource.getConnection();
        } catch (Throwable e) {
            // Whatever the reason, it is not the items' fault.
            return new Outcome.Undone<>(SqlFailure.TROUBLE, e);
        }
        try {
            connection.setAutoCommit(token == null);
            return token == null ? byItself(connection, items) : within(token, connection, items);
        } catch (Throwable e) {
            return new Outcome.Undone<>(SqlFailure.TROUBLE, e);
        } finally {
            closeQuietly(connection);
        }
    }

    @SuppressWarnings("CatchingUnchecked") // whatever a batch throws must not end the lane
    private Outcome<R> byItself(Connection connection, List<T> items) {
        try {
            return new Outcome.Committed<>(resultsOf(connection, items));
        } catch (Exception | Error e) {
            return new Outcome.Undone<>(SqlFailure.of(e), e);
        }
    }

    private List<R> resultsOf(Connection connection, List<T> items) throws SQLException {
        List<R> results = work.execute(connection, items);
        if (results.size() != items.size()) {
            throw new IllegalStateException(
                    "a batch of " + items.size() + " gave " + results.size() + " results");
        }
        return results;
    }

    @SuppressWarnings("CatchingUnchecked") // whatever a batch throws must not end the lane
    private Outcome<R> within(CommitToken token, Connection connection, List<T> items) {
        long mark;
        List<R> results;
        try {
            mark = token.mark(connection);
            results = resultsOf(connection, items);
        } catch (Exception | Error e) {
            rollback(connection, e);
            return new Outcome.Undone<>(SqlFailure.of(e), e);
        }
        try {
            connection.commit();
        } catch (SQLException e) {
            if (SqlFailure.leavesCommitUnknown(e)) {
                return new Outcome.Unknown<>(results, mark, e);
            }
            rollback(connection, e);
            return new Outcome.Undone<>(SqlFailure.of(e), e);
        } catch (RuntimeException | Error e) { // which says nothing of what was done
            return new Outcome.Unknown<>(results, mark, e);
        }
        return new Outcome.Committed<>(results);
    }

    /** Whether the transaction marked so was committed. */
    boolean isCommitted(long mark) throws SQLException {
        if (token == null) {
            return false; // and the work is repeated, which it allows
        }
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            return token.isCommitted(connection, mark);
        }
    }

    /** Leaves nothing of the lane behind, if that can be. */
    void forget() throws SQLException {
        if (token == null) {
            return;
        }
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            token.forget(connection);
        }
    }

    /** What closing says must not change what came of the transaction. */
    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (Throwable e) {
            LOG.debug("A connection did not close well", e);
        }
    }

    private static void rollback(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (Throwable e) {
            cause.addSuppressed(e);
        }
    }
}
