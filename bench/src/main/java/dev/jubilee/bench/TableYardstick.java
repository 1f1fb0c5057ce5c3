package dev.jubilee.bench;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/**
 * What the same driver does with the same rows and no event store: {@code COPY} into a table with
 * the same columns and indexes, which checks no version and keeps no order, and bare {@code
 * SELECT}s, of which nothing is made.
 */
final class TableYardstick {
    private static final String CREATE =
            "CREATE TABLE bench_event_store.copied (LIKE bench_event_store.events INCLUDING ALL)";
    private static final String COPY =
            """
            COPY bench_event_store.copied (position, stream, version, id, type, source, time_ns,
                subject, correlation_id, attributes, data) FROM STDIN\
            """;
    private static final String SELECT =
            """
            SELECT stream, version, position, id, type, source, time_ns, subject, correlation_id,
                causation_id, attributes, data
            FROM bench_event_store.events WHERE position > ? ORDER BY position LIMIT ?
            """;
    private static final long NOTHING_NEW = TimeUnit.MILLISECONDS.toNanos(1);
    private static final String DATA = HexFormat.of().formatHex(EventLog.data());

    private final DataSource pool;
    private final int page;
    private final AtomicLong positions = new AtomicLong();

    TableYardstick(DataSource pool, int page) {
        this.pool = pool;
        this.page = page;
    }

    /** Makes the table that {@link #copy} fills. */
    void create() {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(CREATE);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** So many writers, each of which copies so many rows at a time, each time in a transaction. */
    Written copy(int writers, int rows, Duration duration) {
        long round = positions.get();
        return Written.by(
                writers,
                duration,
                writer -> done -> copyOnce("copied-" + round + "-" + writer, done * rows, rows));
    }

    private void copyOnce(String stream, long version, int rows) throws SQLException, IOException {
        long position = positions.getAndAdd(rows);
        StringBuilder text = new StringBuilder(rows * (DATA.length() + 200));
        for (int i = 1; i <= rows; i++) {
            String id = stream + "-" + (version + i);
            text.append(position + i).append('\t').append(stream).append('\t').append(version + i);
            text.append('\t').append(id).append("\tgame.match.end\tbench\t");
            text.append(System.nanoTime()).append('\t').append(stream).append('\t').append(id);
            text.append("\t{\"ext.environment\":\"bench\"}\t\\\\x").append(DATA).append('\n');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        try (Connection connection = pool.getConnection()) {
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(COPY, new ByteArrayInputStream(bytes));
        }
    }

    /** Reads every row of the store's, page after page; how many there are. */
    long readAll() {
        try (Connection connection = pool.getConnection()) {
            Reading reading = new Reading(connection);
            long read = 0;
            int found;
            do {
                found = reading.next();
                read += found;
            } while (found > 0);
            return read;
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** Reads the rows as they come, until it is closed. */
    final class Follower implements AutoCloseable {
        private final AtomicBoolean closed = new AtomicBoolean();
        private final AtomicLong worst = new AtomicLong();
        private final AtomicLong at = new AtomicLong();
        private final ExecutorService thread = Executors.newSingleThreadExecutor();
        private final Future<Long> running = thread.submit(this::follow);

        private long follow() throws SQLException {
            long read = 0;
            try (Connection connection = pool.getConnection()) {
                Reading reading = new Reading(connection);
                while (!closed.get()) {
                    int found = reading.next();
                    read += found;
                    at.set(reading.position);
                    if (found == 0) {
                        LockSupport.parkNanos(NOTHING_NEW);
                    } else {
                        worst.accumulateAndGet(age(reading.oldest), Math::max);
                    }
                }
            }
            return read;
        }

        /** Waits until it has come so far. */
        void await(long position, Duration atMost) {
            long end = System.nanoTime() + atMost.toNanos();
            while (at.get() < position) {
                if (running.isDone() || System.nanoTime() > end) {
                    throw new BenchException("The yardstick's reader does not follow");
                }
                LockSupport.parkNanos(NOTHING_NEW);
            }
        }

        void forget() {
            worst.set(0);
        }

        /** The age of the oldest row when it was seen, in seconds. */
        double worst() {
            return worst.get() / 1e9;
        }

        @Override
        public void close() {
            closed.set(true);
            thread.shutdown();
            var _ = Written.of(running);
        }
    }

    /** One reader's way through the rows. */
    private final class Reading {
        private final Connection connection;
        private long position;
        private long oldest;

        Reading(Connection connection) {
            this.connection = connection;
        }

        /** How many there were in the next page. */
        int next() throws SQLException {
            try (PreparedStatement select = connection.prepareStatement(SELECT)) {
                select.setLong(1, position);
                select.setInt(2, page);
                try (ResultSet rows = select.executeQuery()) {
                    int found = 0;
                    while (rows.next()) {
                        take(rows);
                        oldest = found++ == 0 ? rows.getLong(7) : oldest;
                    }
                    return found;
                }
            }
        }

        private void take(ResultSet rows) throws SQLException {
            for (int text : new int[] {1, 4, 5, 6, 8, 9, 10, 11}) {
                var _ = rows.getString(text);
            }
            var _ = rows.getLong(2);
            var _ = rows.getBytes(12);
            position = rows.getLong(3);
        }
    }

    /** Of a time since 1970, in nanoseconds. */
    private static long age(long time) {
        return System.currentTimeMillis() * 1_000_000 - time;
    }

    private static BenchException failed(SQLException e) {
        return new BenchException("The yardstick: " + e.getMessage(), e);
    }
}
