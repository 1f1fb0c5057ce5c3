package dev.jubilee.server.bus.replay;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The rows of {@code bus.replays}. Leases are by PostgreSQL's clock alone. Thread-safe. */
final class ReplayStore {
    static final String SUBJECT = "replays";

    private static final String LEASE = "clock_timestamp() + interval '30 seconds'";

    private final Database database;

    ReplayStore(Database database) {
        this.database = database;
    }

    static void insert(Connection connection, Replay replay) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.replays (replay_id, status, topic, excluded_topics, start_time, end_time, filter,
                            target_kind, target, rate_per_second, position, created_by, created_at, source, positions)
                        VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?, ?, ?, ?::jsonb)
                        """)) {
            statement.setObject(1, replay.replayId());
            statement.setString(2, replay.status().text());
            statement.setString(3, replay.topic());
            statement.setArray(
                    4, connection.createArrayOf("text", replay.excludedTopics().toArray()));
            statement.setObject(5, Timestamps.utc(replay.startTime()));
            statement.setObject(6, Timestamps.utc(replay.endTime()));
            statement.setString(7, replay.filter());
            statement.setString(8, replay.kind().text());
            statement.setString(9, replay.target());
            statement.setObject(10, replay.ratePerSecond());
            statement.setObject(11, replay.position());
            statement.setString(12, replay.createdBy());
            statement.setObject(13, Timestamps.utc(replay.createdAt()));
            statement.setString(14, replay.source().text());
            statement.setString(15, replay.positions());
            statement.executeUpdate();
            ChangeFeed.announce(connection, SUBJECT, replay.replayId().toString());
        }
    }

    Optional<Replay> find(UUID id) {
        return database.read(connection -> find(connection, id));
    }

    /** Holds the row until the transaction ends. */
    static Optional<Replay> findForUpdate(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT * FROM bus.replays WHERE replay_id = ? FOR UPDATE")) {
            statement.setObject(1, id);
            return read(statement).stream().findFirst();
        }
    }

    static Optional<Replay> find(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT * FROM bus.replays WHERE replay_id = ?")) {
            statement.setObject(1, id);
            return read(statement).stream().findFirst();
        }
    }

    /** The latest first. */
    List<Replay> list(int offset, int limit) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT * FROM bus.replays ORDER BY created_at DESC, replay_id DESC OFFSET ? LIMIT ?
                            """)) {
                statement.setInt(1, offset);
                statement.setInt(2, limit);
                return read(statement);
            }
        });
    }

    int count() {
        return database.read(connection -> {
            try (PreparedStatement statement =
                            connection.prepareStatement("SELECT count(*) FROM bus.replays");
                    ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        });
    }

    static void setStatus(
            Connection connection, UUID id, Replay.Status status, @Nullable Instant finishedAt)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "UPDATE bus.replays SET status = ?, finished_at = ? WHERE replay_id = ?")) {
            statement.setString(1, status.text());
            statement.setObject(2, finishedAt == null ? null : Timestamps.utc(finishedAt));
            statement.setObject(3, id);
            statement.executeUpdate();
            ChangeFeed.announce(connection, SUBJECT, id.toString());
        }
    }

    /** Takes the replay that has waited longest of those that nobody runs. */
    Optional<Replay> claim(UUID lease, Instant now) {
        return database.transaction(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            UPDATE bus.replays
                               SET status = 'running', lease = ?, started_at = coalesce(started_at, ?), leased_until = %s
                             WHERE replay_id = (
                                SELECT replay_id FROM bus.replays
                                 WHERE status IN ('pending', 'running')
                                   AND (leased_until IS NULL OR leased_until < clock_timestamp())
                                 ORDER BY coalesce(leased_until, created_at) LIMIT 1 FOR UPDATE SKIP LOCKED)
                            RETURNING *
                            """
                                    .formatted(LEASE))) {
                statement.setObject(1, lease);
                statement.setObject(2, Timestamps.utc(now));
                return read(statement).stream().findFirst();
            }
        });
    }

    /**
     * How far a run has come.
     *
     * @param matched null while it is not counted
     */
    record Progress(
            @Nullable Long matched, long skipped, long replayed, ReplaySource.Position position) {}

    /**
     * Notes how far the holder of the lease has come.
     *
     * @return the replay's status; empty when the lease was lost, and nothing was noted
     */
    static Optional<Replay.Status> advance(
            Connection connection, UUID id, UUID lease, Progress progress) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        UPDATE bus.replays
                           SET matched = ?, skipped = ?, replayed = ?, position = ?, positions = ?::jsonb,
                               leased_until = %s
                         WHERE replay_id = ? AND lease = ?
                        RETURNING status
                        """
                                .formatted(LEASE))) {
            statement.setObject(1, progress.matched());
            statement.setLong(2, progress.skipped());
            statement.setLong(3, progress.replayed());
            statement.setObject(4, progress.position().store());
            statement.setString(5, progress.position().kafka());
            statement.setObject(6, id);
            statement.setObject(7, lease);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(Replay.Status.of(row.getString(1)))
                        : Optional.empty();
            }
        }
    }

    /** Keeps the lease, and says as {@link #advance} does how the replay stands. */
    static Optional<Replay.Status> renew(Connection connection, UUID id, UUID lease)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        UPDATE bus.replays SET leased_until = %s WHERE replay_id = ? AND lease = ? RETURNING status
                        """
                                .formatted(LEASE))) {
            statement.setObject(1, id);
            statement.setObject(2, lease);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(Replay.Status.of(row.getString(1)))
                        : Optional.empty();
            }
        }
    }

    /** Makes the replay read the event store from now on, if the caller still holds the lease. */
    void readStore(UUID id, UUID lease) {
        database.transaction(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            "UPDATE bus.replays SET source = 'store' WHERE replay_id = ? AND lease = ?")) {
                statement.setObject(1, id);
                statement.setObject(2, lease);
                return statement.executeUpdate();
            }
        });
    }

    /** Ends it, if the caller still holds the lease and nobody else has ended it. */
    void finish(UUID id, UUID lease, Replay.Status status, @Nullable String error, Instant at) {
        database.transaction(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            UPDATE bus.replays SET status = ?, error = ?, finished_at = ?
                             WHERE replay_id = ? AND lease = ? AND status = 'running'
                            """)) {
                statement.setString(1, status.text());
                statement.setString(2, error);
                statement.setObject(3, Timestamps.utc(at));
                statement.setObject(4, id);
                statement.setObject(5, lease);
                return statement.executeUpdate();
            }
        });
    }

    /** Lets others run first: it is not taken for a while, and stands behind those that wait. */
    void stepBack(UUID id, UUID lease) {
        database.transaction(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            UPDATE bus.replays
                               SET lease = NULL, leased_until = clock_timestamp() + interval '5 seconds'
                             WHERE replay_id = ? AND lease = ?
                            """)) {
                statement.setObject(1, id);
                statement.setObject(2, lease);
                return statement.executeUpdate();
            }
        });
    }

    /** Lets another instance go on at once. */
    void release(UUID id, UUID lease) {
        database.transaction(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            UPDATE bus.replays SET lease = NULL, leased_until = NULL
                             WHERE replay_id = ? AND lease = ?
                            """)) {
                statement.setObject(1, id);
                statement.setObject(2, lease);
                ChangeFeed.announce(connection, SUBJECT, id.toString());
                return statement.executeUpdate();
            }
        });
    }

    private static List<Replay> read(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            List<Replay> replays = new ArrayList<>();
            while (row.next()) {
                replays.add(read(row));
            }
            return replays;
        }
    }

    private static Replay read(ResultSet row) throws SQLException {
        return new Replay(
                row.getObject("replay_id", UUID.class),
                Replay.Status.of(row.getString("status")),
                row.getString("topic"),
                List.of((String[]) row.getArray("excluded_topics").getArray()),
                Timestamps.instant(row, "start_time"),
                Timestamps.instant(row, "end_time"),
                row.getString("filter"),
                Replay.Kind.of(row.getString("target_kind")),
                row.getString("target"),
                row.getObject("rate_per_second", Integer.class),
                row.getObject("matched", Long.class),
                row.getLong("skipped"),
                row.getLong("replayed"),
                Replay.Source.of(row.getString("source")),
                row.getObject("position", UUID.class),
                row.getString("positions"),
                row.getString("error"),
                row.getString("created_by"),
                Timestamps.instant(row, "created_at"),
                Timestamps.instantOrNull(row, "started_at"),
                Timestamps.instantOrNull(row, "finished_at"));
    }
}
