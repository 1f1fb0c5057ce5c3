package dev.jubilee.server.embedded;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the segments of PostgreSQL's log before the first load needs them. A new one is filled with
 * zeros while all commits wait, some 50 ms for each 16 MB of log; one that was used before is there
 * already. So a new database switches through as many as it keeps, once, in some seconds.
 */
final class LogSegments implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LogSegments.class);

    /** What else the disk must have room for. */
    private static final long LEAST_FREE_BYTES = 4L << 30;

    private static final long PATIENCE_MILLIS = 10_000;

    private final String url;
    private final String password;
    private final Path folder;
    private final Thread thread =
            Thread.ofPlatform().daemon().name("log-segments").unstarted(this::run);

    LogSegments(String url, String password, Path folder) {
        this.url = url;
        this.password = password;
        this.folder = folder;
    }

    /** Makes them in the background, unless they are there or the disk is small. */
    LogSegments start() {
        thread.start();
        return this;
    }

    private void run() {
        try {
            make(Integer.MAX_VALUE);
        } catch (SQLException e) {
            log.debug("the log's segments were not made ahead", e);
        }
    }

    /** Makes so many of them at most. */
    void make(int most) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection(url, PostgresServer.USER, password);
                Statement statement = connection.createStatement()) {
            int wanted = Math.min(most, missing(statement));
            long bytes = wanted * segmentBytes(statement);
            if (wanted <= 0 || folder.toFile().getUsableSpace() < bytes + LEAST_FREE_BYTES) {
                return;
            }
            for (int i = 0; i < wanted; i++) {
                if (Thread.interrupted()) {
                    return;
                }
                // A segment that holds nothing is not switched.
                statement.execute("SELECT pg_logical_emit_message(true, 'jubilee', '')");
                statement.execute("SELECT pg_switch_wal()");
            }
            statement.execute("CHECKPOINT");
        }
    }

    /** How many more PostgreSQL will keep: those before the checkpoint are used again. */
    private static int missing(Statement statement) throws SQLException {
        return (int)
                number(
                        statement,
                        """
                        SELECT pg_size_bytes(current_setting('min_wal_size'))
                                   / pg_size_bytes(current_setting('wal_segment_size')) - 2
                               - (SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')
                        """);
    }

    private static long segmentBytes(Statement statement) throws SQLException {
        return number(statement, "SELECT pg_size_bytes(current_setting('wal_segment_size'))");
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
