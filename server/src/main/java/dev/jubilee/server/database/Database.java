package dev.jubilee.server.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Transactions on PostgreSQL. Thread-safe. */
public final class Database {
    /** What is done within one transaction. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T in(Connection connection) throws SQLException;
    }

    private static final String INSUFFICIENT_RESOURCES = "53000";

    /** Where nobody says how many connections there are. */
    private static final int LENGTHY = 4;

    private final DataSource dataSource;
    private final Semaphore lengthy;

    public Database(DataSource dataSource) {
        this(dataSource, LENGTHY);
    }

    /**
     * On a pool of connections.
     *
     * @param lengthy how many of them may be under way {@link #within} a time at once; the others
     *     stay for what is quick
     */
    public Database(DataSource dataSource, int lengthy) {
        this.dataSource = dataSource;
        this.lengthy = new Semaphore(lengthy, true);
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
     * A transaction that may be lengthy, but none of whose statements may take longer than this. A
     * part of the connections is for such; when all of these are taken, it waits as long for one.
     *
     * @param longest to the millisecond
     * @throws DatabaseException when PostgreSQL refuses or cannot be reached, when a statement did
     *     take longer ({@link DatabaseException#tookTooLong}), and when no connection became free
     *     ({@link DatabaseException#isTransient})
     */
    public <T extends @Nullable Object> T within(Duration longest, Work<T> work) {
        admit(longest);
        try {
            return transaction(connection -> {
                try (Statement timeout = connection.createStatement()) {
                    timeout.execute("SET LOCAL statement_timeout = " + longest.toMillis());
                }
                return work.in(connection);
            });
        } finally {
            lengthy.release();
        }
    }

    private void admit(Duration longest) {
        try {
            if (lengthy.tryAcquire(longest.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new DatabaseException(
                new SQLTransientException(
                        "as many lengthy reads as may be are under way", INSUFFICIENT_RESOURCES));
    }

    private static void rollback(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
