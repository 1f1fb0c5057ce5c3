package dev.jubilee.events.postgres.store;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.postgres.GroupCommit;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.DeleteResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.sql.DataSource;

/**
 * Events in PostgreSQL, see {@link EventStoreSchema}. Durable as PostgreSQL's commit is.
 *
 * <p>Appends of many callers share transactions (see {@link GroupCommit}): one statement for all of
 * a batch, each with a result of its own. An idle store appends at once. It borrows one connection
 * at a time for appending, and one for each call that reads; any number of stores, in any number of
 * programs, may work on one schema.
 */
public final class PostgresEventStore implements EventStore {
    private final DataSource dataSource;
    private final GroupCommit<Append, AppendResult> lane;
    private final StreamDeletion deletion;
    private final Snapshots snapshots;
    private final String ofStream;
    private final String ofAll;
    private final String last;

    /** A store whose tables are there. */
    public PostgresEventStore(DataSource dataSource, EventStoreSettings settings) {
        this(dataSource, settings, LaneListener.NONE);
    }

    /** The listener watches the batches of appends. */
    public PostgresEventStore(
            DataSource dataSource, EventStoreSettings settings, LaneListener listener) {
        String schema = settings.schema();
        this.dataSource = dataSource;
        this.deletion = new StreamDeletion(schema);
        this.snapshots = new Snapshots(schema);
        this.ofStream =
                """
                SELECT %s FROM %s.events WHERE stream = ? AND version >= ?
                ORDER BY version LIMIT ?\
                """
                        .formatted(EventColumns.SELECTED, schema);
        this.ofAll =
                "SELECT %s FROM %s.events WHERE position > ? ORDER BY position LIMIT ?"
                        .formatted(EventColumns.SELECTED, schema);
        this.last = "SELECT last_position FROM %s.log".formatted(schema);
        this.lane =
                new GroupCommit<>(settings.lane(), dataSource, new AppendWork(schema), listener);
    }

    @Override
    public AppendResult saveEvents(String stream, List<Envelope> events, long expectedVersion) {
        try {
            return submit(stream, events, expectedVersion).join();
        } catch (CompletionException e) {
            throw Failures.of("appending to " + stream, cause(e));
        }
    }

    @Override
    public CompletableFuture<AppendResult> saveEventsAsync(
            String stream, List<Envelope> events, long expectedVersion) {
        return submit(stream, events, expectedVersion)
                .exceptionallyCompose(failure ->
                        CompletableFuture.failedFuture(
                                Failures.of("appending to " + stream, cause(failure))));
    }

    private CompletableFuture<AppendResult> submit(
            String stream, List<Envelope> events, long expectedVersion) {
        EventStore.require(stream, events, expectedVersion);
        return lane.submit(stream, Append.of(stream, events, expectedVersion));
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause == null ? failure : cause;
    }

    @Override
    public List<StoredEvent> getEvents(String stream, long fromVersion, int limit) {
        return with(
                "reading " + stream,
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(ofStream)) {
                        statement.setString(1, stream);
                        statement.setLong(2, fromVersion);
                        statement.setInt(3, limit);
                        try (ResultSet rows = statement.executeQuery()) {
                            return EventColumns.read(rows);
                        }
                    }
                });
    }

    @Override
    public List<StoredEvent> getAllEvents(long afterPosition, int batchSize) {
        return with(
                "reading all events",
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(ofAll)) {
                        statement.setLong(1, afterPosition);
                        statement.setInt(2, batchSize);
                        try (ResultSet rows = statement.executeQuery()) {
                            return EventColumns.read(rows);
                        }
                    }
                });
    }

    @Override
    public long lastPosition() {
        return with(
                "reading the last position",
                connection -> {
                    try (PreparedStatement statement = connection.prepareStatement(last);
                            ResultSet row = statement.executeQuery()) {
                        row.next();
                        return row.getLong(1);
                    }
                });
    }

    @Override
    public DeleteResult deleteStream(String stream, long expectedVersion) {
        return with(
                "deleting " + stream,
                connection -> deletion.execute(connection, stream, expectedVersion));
    }

    @Override
    public boolean saveSnapshot(Snapshot snapshot) {
        return with(
                "saving a snapshot of " + snapshot.stream(),
                connection -> snapshots.save(connection, snapshot));
    }

    @Override
    public Optional<Snapshot> loadSnapshot(String stream) {
        return with(
                "loading a snapshot of " + stream,
                connection -> snapshots.load(connection, stream));
    }

    @Override
    public void close() {
        lane.close();
    }

    private <R> R with(String what, Statements.Work<R> work) {
        return Statements.run(dataSource, what, work);
    }
}
