package dev.jubilee.events.postgres.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** Holds the lock that pausing commits wait for, until one of them does and has run its action. */
final class CommitPause implements AutoCloseable {
    private final Connection connection;
    private final Thread thread;

    CommitPause(DataSource dataSource, Runnable beforeCommit) {
        try {
            connection = dataSource.getConnection();
            execute("SELECT pg_advisory_lock(4711)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        thread = Thread.ofPlatform().start(() -> run(beforeCommit));
    }

    private void run(Runnable beforeCommit) {
        try {
            while (!isAwaited()) {
                Thread.onSpinWait();
            }
            beforeCommit.run();
            execute("SELECT pg_advisory_unlock(4711)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean isAwaited() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")) {
            return rows.next();
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        try {
            thread.join();
            connection.close();
        } catch (InterruptedException | SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
