package dev.jubilee.server.bus.store;

import dev.jubilee.events.EventId;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Looks events up by id. Whoever asks while a query runs shares the next one, so many askers cost
 * little more than one. Thread-safe.
 */
final class StatusReader implements AutoCloseable {
    private static final int MAX_BATCH = 512;

    private static final String COLUMNS =
            """
            e.id, e.client_event_id, e.topic, e.partition, e."offset", e.timestamp, e.processed_at,
            """
                    + EventStatuses.COLUMNS;

    /** An event's status, and its topic: whoever may not read that is not told. */
    record Known(String topic, EventStatus status) {}

    private record Asked(String eventId, CompletableFuture<Optional<Known>> answer) {}

    private final Database database;
    private final EventStatuses eventStatuses;
    private final Queue<Asked> queue = new ConcurrentLinkedQueue<>();
    private final Semaphore arrived = new Semaphore(0);
    private final Thread thread;
    private volatile boolean closed;

    StatusReader(Database database, EventStatuses eventStatuses) {
        this.database = database;
        this.eventStatuses = eventStatuses;
        this.thread = Thread.ofPlatform().name("event-status").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** The event's status, if it is stored. Completes on the reader's thread: be brief. */
    CompletableFuture<Optional<Known>> find(String eventId) {
        Asked asked = new Asked(eventId, new CompletableFuture<>());
        queue.add(asked);
        arrived.release();
        return asked.answer();
    }

    @Override
    public void close() {
        closed = true;
        arrived.release();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!closed) {
            arrived.acquireUninterruptibly();
            arrived.drainPermits();
            List<Asked> batch = take();
            while (!batch.isEmpty()) {
                answer(batch);
                batch = take();
            }
        }
    }

    private List<Asked> take() {
        List<Asked> batch = new ArrayList<>();
        Asked next = queue.poll();
        while (next != null) {
            batch.add(next);
            next = batch.size() < MAX_BATCH ? queue.poll() : null;
        }
        return batch;
    }

    private void answer(List<Asked> batch) {
        try {
            Map<String, Known> found = database.read(connection -> read(connection, batch));
            for (Asked asked : batch) {
                asked.answer().complete(Optional.ofNullable(found.get(asked.eventId())));
            }
        } catch (RuntimeException e) {
            batch.forEach(asked -> asked.answer().completeExceptionally(e));
        }
    }

    private Map<String, Known> read(Connection connection, List<Asked> batch) throws SQLException {
        Map<String, Known> found = new HashMap<>();
        List<UUID> own = new ArrayList<>();
        for (Asked asked : batch) {
            UUID id = StoredText.rowOf(asked.eventId());
            if (id != null) {
                own.add(id);
            }
        }
        if (!own.isEmpty()) {
            readOwn(connection, own, found);
        }
        List<String> others = new ArrayList<>();
        for (Asked asked : batch) {
            if (!found.containsKey(asked.eventId())) {
                others.add(asked.eventId());
            }
        }
        if (!others.isEmpty()) {
            readClients(connection, others, found);
        }
        return found;
    }

    /** By the bus's own ids: their time names the partition. */
    private void readOwn(Connection connection, List<UUID> ids, Map<String, Known> found)
            throws SQLException {
        Instant first = Instant.MAX;
        Instant last = Instant.MIN;
        for (UUID id : ids) {
            Instant time = EventId.timeOf(id);
            first = time.isBefore(first) ? time : first;
            last = time.isAfter(last) ? time : last;
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT "
                                + COLUMNS
                                + """
                                FROM bus.events e
                                WHERE e.id = ANY (?) AND e.accepted_at BETWEEN ? AND ? AND e.client_event_id IS NULL
                                """)) {
            statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
            statement.setObject(2, Timestamps.utc(first));
            statement.setObject(3, Timestamps.utc(last));
            collect(statement, found);
        }
    }

    private void readClients(Connection connection, List<String> ids, Map<String, Known> found)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT "
                                + COLUMNS
                                + """
                                FROM bus.event_ids i
                                JOIN bus.events e ON e.id = i.id AND e.accepted_at = i.accepted_at
                                WHERE i.event_id = ANY (?)
                                """)) {
            statement.setArray(1, connection.createArrayOf("text", ids.toArray()));
            collect(statement, found);
        }
    }

    private void collect(PreparedStatement statement, Map<String, Known> found)
            throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                String client = row.getString(2);
                String id = client == null ? row.getObject(1, UUID.class).toString() : client;
                long offset = row.getLong("offset");
                String topic = row.getString("topic");
                EventStatuses.Outcome outcome = eventStatuses.of(row, topic, offset);
                EventStatus status =
                        new EventStatus(
                                id,
                                outcome.status(),
                                row.getInt("partition"),
                                offset,
                                outcome.retries(),
                                Timestamps.instant(row, "timestamp"),
                                Timestamps.instant(row, "processed_at"));
                found.put(id, new Known(topic, status));
            }
        }
    }
}
