package dev.jubilee.events.postgres.store;

import dev.jubilee.events.store.Checkpoints;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import javax.sql.DataSource;

/**
 * Checkpoints in PostgreSQL; leases are by its clock. Thread-safe.
 *
 * <p>For effects that must happen exactly once, write them and {@link #advance(Connection, Lease,
 * long)} in one transaction.
 */
public final class PostgresCheckpoints implements Checkpoints {
    private final DataSource dataSource;
    private final String acquire;
    private final String renew;
    private final String advance;
    private final String release;
    private final String position;

    /** Checkpoints of a store whose tables are there. */
    public PostgresCheckpoints(DataSource dataSource, EventStoreSettings settings) {
        this.dataSource = dataSource;
        String table = settings.schema() + ".checkpoints";
        this.acquire =
                """
                INSERT INTO %s AS c
                    (subscription, position, token, owner, leased_until, moved_at)
                VALUES (?, 0, 1, ?, clock_timestamp() + ? * interval '1 millisecond', now())
                ON CONFLICT (subscription) DO UPDATE
                    SET token = c.token + 1, owner = excluded.owner,
                        leased_until = excluded.leased_until
                    WHERE c.leased_until <= clock_timestamp() OR c.owner = excluded.owner
                RETURNING token, position\
                """
                        .formatted(table);
        this.renew =
                """
                UPDATE %s SET leased_until = clock_timestamp() + ? * interval '1 millisecond'
                WHERE subscription = ? AND token = ?\
                """
                        .formatted(table);
        this.advance =
                """
                UPDATE %s SET position = greatest(position, ?), moved_at = now()
                WHERE subscription = ? AND token = ?\
                """
                        .formatted(table);
        this.release =
                """
                UPDATE %s SET leased_until = '-infinity' WHERE subscription = ? AND token = ?\
                """
                        .formatted(table);
        this.position = "SELECT position FROM %s WHERE subscription = ?".formatted(table);
    }

    @Override
    public Optional<Lease> acquire(String subscription, String owner, Duration duration) {
        return Statements.run(
                dataSource,
                "leasing " + subscription,
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(acquire)) {
                        statement.setString(1, subscription);
                        statement.setString(2, owner);
                        statement.setLong(3, duration.toMillis());
                        try (ResultSet row = statement.executeQuery()) {
                            return row.next()
                                    ? Optional.of(
                                            new Lease(
                                                    subscription,
                                                    owner,
                                                    row.getLong(1),
                                                    row.getLong(2)))
                                    : Optional.empty();
                        }
                    }
                });
    }

    @Override
    public boolean renew(Lease lease, Duration duration) {
        return Statements.run(
                dataSource,
                "renewing " + lease.subscription(),
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(renew)) {
                        statement.setLong(1, duration.toMillis());
                        statement.setString(2, lease.subscription());
                        statement.setLong(3, lease.token());
                        return statement.executeUpdate() == 1;
                    }
                });
    }

    @Override
    public boolean advance(Lease lease, long to) {
        return Statements.run(
                dataSource,
                "moving " + lease.subscription() + " on",
                connection -> advance(connection, lease, to));
    }

    /**
     * As {@link #advance(Lease, long)}, within the caller's transaction.
     *
     * @return false if another has taken the lease: the caller must roll back
     */
    public boolean advance(Connection connection, Lease lease, long to) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(advance)) {
            statement.setLong(1, to);
            statement.setString(2, lease.subscription());
            statement.setLong(3, lease.token());
            return statement.executeUpdate() == 1;
        }
    }

    @Override
    public void release(Lease lease) {
        Statements.run(
                dataSource,
                "releasing " + lease.subscription(),
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(release)) {
                        statement.setString(1, lease.subscription());
                        statement.setLong(2, lease.token());
                        return statement.executeUpdate();
                    }
                });
    }

    @Override
    public OptionalLong position(String subscription) {
        return Statements.run(
                dataSource,
                "reading where " + subscription + " is",
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(position)) {
                        statement.setString(1, subscription);
                        try (ResultSet row = statement.executeQuery()) {
                            return row.next()
                                    ? OptionalLong.of(row.getLong(1))
                                    : OptionalLong.empty();
                        }
                    }
                });
    }
}
