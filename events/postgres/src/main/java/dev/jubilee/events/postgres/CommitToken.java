package dev.jubilee.events.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;

/**
 * Tells, after a connection broke during a commit, whether the commit was done. Each lane has a row
 * of its own, in which every transaction first writes its number:
 *
 * <pre>{@code
 * CREATE TABLE platform.commit_tokens (
 *     lane    uuid        PRIMARY KEY,
 *     batch   bigint      NOT NULL,
 *     seen_at timestamptz NOT NULL
 * );
 * }</pre>
 *
 * <p>A row rather than {@code pg_xact_status()}: after a crash PostgreSQL may give the number of a
 * transaction whose records were not yet flushed to another one, which would then be taken for
 * ours. Moreover reading the row back waits, by its lock, for a backend that still commits.
 */
final class CommitToken {
    private static final int NO_LIMIT = 0;
    private static final int ONE_SECOND = 1;

    private final UUID lane = UUID.randomUUID();
    private final String write;
    private final String read;
    private final String forget;
    private final String forgetAbandoned;
    private long batch;

    CommitToken(String table) {
        String upsert =
                """
                INSERT INTO %s AS t (lane, batch, seen_at) VALUES (?, ?, now())
                ON CONFLICT (lane) DO UPDATE SET batch = %s, seen_at = now()
                RETURNING batch\
                """;
        this.write = upsert.formatted(table, "excluded.batch");
        this.read = upsert.formatted(table, "t.batch");
        this.forget = "DELETE FROM %s WHERE lane = ?".formatted(table);
        this.forgetAbandoned =
                "DELETE FROM %s WHERE seen_at < now() - interval '7 days'".formatted(table);
    }

    /** Marks this transaction; must be the first thing it does. The mark, to ask for later. */
    long mark(Connection connection) throws SQLException {
        batch++;
        upsert(connection, write, batch, NO_LIMIT);
        return batch;
    }

    /**
     * Whether the transaction marked so was committed. Waits for one that still runs, but only so
     * long that the callers are not forgotten over it; then it throws.
     */
    boolean isCommitted(Connection connection, long mark) throws SQLException {
        return upsert(connection, read, 0, ONE_SECOND) == mark;
    }

    /** Removes this lane's row, and those of lanes that ended without doing so. */
    void forget(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(forget)) {
            statement.setObject(1, lane);
            statement.executeUpdate();
        }
        try (PreparedStatement statement = connection.prepareStatement(forgetAbandoned)) {
            statement.executeUpdate();
        }
    }

    private long upsert(Connection connection, String sql, long value, int seconds)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setQueryTimeout(seconds);
            statement.setObject(1, lane);
            statement.setLong(2, value);
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                return result.getLong(1);
            }
        }
    }
}
