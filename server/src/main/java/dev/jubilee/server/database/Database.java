package dev.jubilee.server.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Transactions on PostgreSQL. Thread-safe. */
public final class Database {
    /** What is done within one transaction. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    private final DataSource dataSource;

    public Database(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The pool, for pieces that hold a connection of their own. */
    public DataSource dataSource() {
        return dataSource;
    }

    /**
     * Runs the work and commits; whatever it throws rolls back.
     *
     * @throws DatabaseException when PostgreSQL refuses or cannot be reached
     */
    public <T extends @Nullable Object> T transaction(Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.in(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException | Error e) {
                rollback(connection, e);
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new DatabaseException(e);
        }
    }

    /**
     * Runs the work, each statement a transaction of its own.
     *
     * @throws DatabaseException when PostgreSQL refuses or cannot be reached
     */
    public <T extends @Nullable Object> T read(Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            return work.in(connection);
        } catch (SQLException e) {
            throw new DatabaseException(e);
        }
    }

    /**
     * A transaction none of whose statements may take longer.
     *
     * @param longest to the millisecond
     * @throws DatabaseException when PostgreSQL refuses or cannot be reached, and when one did take
     *     longer ({@link DatabaseException#tookTooLong})
     */
    public <T extends @Nullable Object> T within(Duration longest, Work<T> work) {
        return transaction(connection -> {
            try (Statement timeout = connection.createStatement()) {
                timeout.execute("SET LOCAL statement_timeout = " + longest.toMillis());
            }
            return work.in(connection);
        });
    }

    private static void rollback(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
