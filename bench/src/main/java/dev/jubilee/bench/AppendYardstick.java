package dev.jubilee.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;

/**
 * What a service gets that makes one transaction of each append: the same rows in the same tables,
 * by one statement in one round trip, each writer on a connection of its own.
 */
final class AppendYardstick {
    private static final String APPEND =
            """
            WITH moved AS (
                UPDATE bench_event_store.streams SET version = version + 1
                WHERE stream = ? AND version = ? RETURNING stream, version
            ), counted AS (
                UPDATE bench_event_store.log SET last_position = last_position + 1 FROM moved
                RETURNING last_position, moved.stream, moved.version
            )
            INSERT INTO bench_event_store.events (position, stream, version, id, type, source,
                time_ns, subject, correlation_id, attributes, data)
            SELECT last_position, stream, version, ?, 'game.match.end', 'bench', ?, stream, ?,
                '{"ext.environment":"bench"}', ?
            FROM counted
            """;

    private final DataSource pool;

    AppendYardstick(DataSource pool) {
        this.pool = pool;
    }

    double appendsPerSecond(int writers, Duration duration) {
        long start = System.nanoTime();
        long end = start + duration.toNanos();
        List<Future<Long>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(writers)) {
            for (int i = 0; i < writers; i++) {
                String stream = "alone-" + start + "-" + i;
                running.add(threads.submit(() -> append(stream, end)));
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return running.stream().mapToLong(Written::of).sum() / seconds;
    }

    private long append(String stream, long end) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement append = connection.prepareStatement(APPEND)) {
            create(connection, stream);
            long version = 0;
            while (System.nanoTime() < end) {
                String id = stream + "-" + (version + 1);
                append.setString(1, stream);
                append.setLong(2, version++);
                append.setString(3, id);
                append.setLong(4, System.nanoTime());
                append.setString(5, id);
                append.setBytes(6, EventLog.data());
                if (append.executeUpdate() != 1) {
                    throw new BenchException("The yardstick's append was refused");
                }
            }
            return version;
        }
    }

    private static void create(Connection connection, String stream) throws SQLException {
        try (PreparedStatement create =
                connection.prepareStatement(
                        "INSERT INTO bench_event_store.streams (stream, version) VALUES (?, 0)")) {
            create.setString(1, stream);
            create.executeUpdate();
        }
    }
}
