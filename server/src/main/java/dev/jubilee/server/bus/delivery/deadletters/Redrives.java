package dev.jubilee.server.bus.delivery.deadletters;

import dev.jubilee.events.EventId;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.subscriptions.ArrivalNotices;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owes dead letters again, a few hundred a transaction, together with how far it has come: so it
 * goes on where it stood, on whichever instance. Every instance looks now and then for one that
 * nobody works on, because who did was killed or failed. Thread-safe.
 */
public final class Redrives implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Redrives.class);
    private static final String SUBJECT = "redrives";
    private static final int CHUNK = 500;
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final String RUNNING =
            "SELECT id, subscription_id, filter, last_id FROM bus.redrives WHERE status = 'running'";

    private final Database database;
    private final InstantSource clock;
    private final EventId ids;
    private final PeriodicTask task = PeriodicTask.named("redrive", this::work);
    private final ScheduledExecutorService worker =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("delivery-redrive").daemon().factory());

    public Redrives(Database database, ChangeFeed changes, InstantSource clock) {
        this.database = database;
        this.clock = clock;
        this.ids = new EventId(clock);
        changes.on(SUBJECT, id -> wake());
    }

    /** How far one has come. */
    record Redrive(
            String redriveId,
            String status,
            long total,
            long redriven,
            double progressPercent,
            Instant createdAt,
            @Nullable Instant finishedAt) {}

    /** Goes on with what is under way, and looks for more: an index of those that run answers. */
    public void start() {
        task.repeat(worker, Duration.ZERO, LOOK);
    }

    /** Waits for what is under way, so that nothing is redriven after it. */
    @Override
    public void close() {
        PeriodicTask.end(worker, "redrive");
    }

    /** Begins one, of what there is now; empty when there is no such subscription any more. */
    Optional<Redrive> begin(Connection connection, UUID subscription, DeadLetterStore.Query query)
            throws SQLException {
        if (!PendingStore.lockOwner(connection, subscription)) {
            return Optional.empty();
        }
        UUID id = ids.next();
        long total = DeadLetterStore.count(connection, subscription, query);
        UUID last = DeadLetterStore.last(connection, subscription, query).orElse(new UUID(0, 0));
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.redrives (id, subscription_id, filter, status, total, last_id, created_at)
                        VALUES (?, ?, ?::jsonb, 'running', ?, ?, ?)
                        """)) {
            insert.setObject(1, id);
            insert.setObject(2, subscription);
            insert.setString(3, Json.text(query));
            insert.setLong(4, total);
            insert.setObject(5, last);
            insert.setObject(6, Timestamps.utc(clock.instant()));
            insert.executeUpdate();
        }
        ChangeFeed.announce(connection, SUBJECT, id.toString());
        return find(connection, subscription, id);
    }

    Optional<Redrive> find(Connection connection, UUID subscription, UUID id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT status, total, redriven, created_at, finished_at FROM bus.redrives
                        WHERE subscription_id = ? AND id = ?
                        """)) {
            select.setObject(1, subscription);
            select.setObject(2, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(read(id, row)) : Optional.empty();
            }
        }
    }

    private static Redrive read(UUID id, ResultSet row) throws SQLException {
        long total = row.getLong(2);
        long redriven = row.getLong(3);
        boolean completed = row.getString(1).equals("completed");
        return new Redrive(
                id.toString(),
                row.getString(1),
                total,
                redriven,
                completed || total == 0 ? 100 : 100.0 * redriven / total,
                Timestamps.instant(row, 4),
                Timestamps.instantOrNull(row, 5));
    }

    private void wake() {
        try {
            worker.execute(task);
        } catch (RejectedExecutionException e) {
            log.debug("ended; another instance goes on");
        }
    }

    private void work() {
        while (!Thread.currentThread().isInterrupted() && database.transaction(this::step)) {
            log.trace("a chunk of dead letters is owed again");
        }
    }

    /** Returns whether there may be more to do. */
    boolean step(Connection connection) throws SQLException {
        Running first = first(connection);
        if (first == null) {
            return false;
        }
        // Its subscription before it, as all do who change what that is owed; either may have gone
        // meanwhile, or be over.
        Running locked =
                PendingStore.lockOwner(connection, first.subscription())
                        ? lock(connection, first.id())
                        : null;
        if (locked == null) {
            return true;
        }
        int moved =
                DeadLetterStore.redrive(
                        connection, locked.subscription(), locked.query(), locked.last(), CHUNK);
        advance(connection, locked.id(), moved);
        ArrivalNotices.announce(connection, locked.subscription());
        return true;
    }

    private record Running(UUID id, UUID subscription, DeadLetterStore.Query query, UUID last) {}

    private static @Nullable Running first(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(RUNNING + " ORDER BY id LIMIT 1")) {
            return running(select);
        }
    }

    private static @Nullable Running lock(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(RUNNING + " AND id = ? FOR UPDATE")) {
            select.setObject(1, id);
            return running(select);
        }
    }

    private static @Nullable Running running(PreparedStatement select) throws SQLException {
        try (ResultSet row = select.executeQuery()) {
            return row.next()
                    ? new Running(
                            row.getObject(1, UUID.class),
                            row.getObject(2, UUID.class),
                            Json.read(row.getString(3), DeadLetterStore.Query.class),
                            row.getObject(4, UUID.class))
                    : null;
        }
    }

    private void advance(Connection connection, UUID id, int moved) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.redrives SET redriven = redriven + ?,
                            status = CASE WHEN ? THEN 'completed' ELSE status END,
                            finished_at = CASE WHEN ? THEN ?::timestamptz END
                        WHERE id = ?
                        """)) {
            boolean over = moved < CHUNK;
            update.setInt(1, moved);
            update.setBoolean(2, over);
            update.setBoolean(3, over);
            update.setString(4, clock.instant().toString());
            update.setObject(5, id);
            update.executeUpdate();
        }
    }
}
