package dev.jubilee.server.bus.store;

import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.BatchHandler;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.bus.stats.SkippedOffsets;
import dev.jubilee.server.database.DailyPartitions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.forwarding.ForwardedMarks;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores batches: the rows and the group's new position in one transaction, so that each event is
 * stored once, whoever dies when. For the consuming loop's thread.
 */
final class StoreWriter implements BatchHandler {
    private static final Logger log = LoggerFactory.getLogger(StoreWriter.class);
    private static final String UNDEFINED_TABLE = "42P01";
    private static final String DUPLICATE = "23505";

    private final Database database;
    private final PostgresOffsets offsets;
    private final DailyPartitions partitions;
    private final InstantSource clock;
    private final StoreMetrics metrics;
    private final EventTable table = new EventTable();

    StoreWriter(
            Database database,
            PostgresOffsets offsets,
            DailyPartitions partitions,
            InstantSource clock,
            StoreMetrics metrics) {
        this.database = database;
        this.offsets = offsets;
        this.partitions = partitions;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** Another consumer stored this already. */
    private static final class Overtaken extends RuntimeException {
        Overtaken() {
            super("the position has moved", null, false, false);
        }
    }

    private volatile boolean busy;

    /** How rows are written. */
    @FunctionalInterface
    private interface Writing {
        void write(Connection connection, List<EventRow> rows, Instant now) throws SQLException;
    }

    @Override
    public Handled handle(Batch batch) {
        busy = true;
        try {
            return store(batch);
        } finally {
            busy = false;
        }
    }

    /** Whether a batch is being stored at the moment. */
    boolean isBusy() {
        return busy;
    }

    private Handled store(Batch batch) {
        long start = System.nanoTime();
        Instant now = clock.instant();
        Instant latest = now.plus(EventRow.AHEAD);
        List<EventRow> rows = new ArrayList<>(batch.records().size());
        for (ConsumerRecord<byte[], byte[]> record : batch.records()) {
            // What the bus itself sent on is stored already; nothing more of it is read.
            if (!ForwardedMarks.areIn(record.headers())) {
                rows.add(EventRow.of(record, now, latest));
            }
        }
        try {
            partitions.ensure(byDay(rows).keySet());
            store(batch, rows, now);
        } catch (Overtaken e) {
            return Handled.FENCED;
        } catch (DatabaseException e) {
            metrics.failed(rows.size());
            throw new RetryableException(String.valueOf(e.getMessage()), e);
        }
        metrics.stored(rows, System.nanoTime() - start);
        return Handled.ADVANCED;
    }

    private void store(Batch batch, List<EventRow> rows, Instant now) {
        try {
            run(batch, rows, now, this::write);
        } catch (DatabaseException e) {
            if (e.sqlState().equals(UNDEFINED_TABLE)) {
                partitions.forget();
                throw e;
            }
            if (!e.isOfValues()) {
                throw e;
            }
            log.warn("some of {} events cannot be stored: {}", rows.size(), e.getMessage());
            run(
                    batch,
                    rows,
                    now,
                    (connection, all, at) ->
                            writeWithCare(connection, RelayedEvents.onlyNew(connection, all), at));
        }
    }

    private void run(Batch batch, List<EventRow> rows, Instant now, Writing writing) {
        database.transaction(connection -> {
            if (!offsets.advance(connection, batch.advance())) {
                throw new Overtaken();
            }
            SkippedOffsets.add(connection, batch.passedOver());
            writing.write(connection, rows, now);
            return rows.size();
        });
    }

    private void write(Connection connection, List<EventRow> rows, Instant now)
            throws SQLException {
        List<EventRow> fresh = rows;
        if (rows.stream().anyMatch(row -> row.clientId() != null)) {
            fresh = new ArrayList<>(ClientIds.onlyNew(connection, rows));
            for (EventRow row : rows) {
                if (row.clientId() == null) {
                    fresh.add(row);
                }
            }
        }
        for (Map.Entry<LocalDate, List<EventRow>> day : byDay(fresh).entrySet()) {
            table.append(connection, day.getKey(), day.getValue(), now);
        }
    }

    /** Halves what fails until the one that PostgreSQL does not take stands alone, and parks it. */
    private void writeWithCare(Connection connection, List<EventRow> rows, Instant now)
            throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        Savepoint before = connection.setSavepoint();
        try {
            write(connection, rows, now);
            connection.releaseSavepoint(before);
        } catch (SQLException e) {
            String state = e.getSQLState() == null ? "" : e.getSQLState();
            if (!DatabaseException.isOfValues(state)) {
                throw e;
            }
            connection.rollback(before);
            if (rows.size() > 1) {
                int half = rows.size() / 2;
                writeWithCare(connection, rows.subList(0, half), now);
                writeWithCare(connection, rows.subList(half, rows.size()), now);
            } else {
                putAside(connection, rows.getFirst(), e, now);
            }
        }
    }

    private void putAside(Connection connection, EventRow row, SQLException cause, Instant now)
            throws SQLException {
        if (DUPLICATE.equals(cause.getSQLState())) {
            log.warn("{} came a second time, and counts once", row.event());
            return;
        }
        log.error("{} cannot be stored and is parked: {}", row.event(), cause.getMessage());
        ParkedEvents.park(connection, row, String.valueOf(cause.getMessage()), now);
        metrics.parked(row);
    }

    private static Map<LocalDate, List<EventRow>> byDay(List<EventRow> rows) {
        if (rows.isEmpty()) {
            return Map.of();
        }
        Instant first = rows.getFirst().acceptedAt();
        long day = DailyPartitions.epochDay(first);
        if (rows.stream().allMatch(row -> DailyPartitions.epochDay(row.acceptedAt()) == day)) {
            return Map.of(DailyPartitions.dayOf(first), rows);
        }
        Map<LocalDate, List<EventRow>> days = new TreeMap<>();
        for (EventRow row : rows) {
            days.computeIfAbsent(DailyPartitions.dayOf(row.acceptedAt()), d -> new ArrayList<>())
                    .add(row);
        }
        return days;
    }
}
