package dev.jubilee.events.postgres;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the tests of lanes share: tables, the plainest work there is, and a start at a barrier. */
final class Lanes {
    static final Duration PATIENCE = Duration.ofMinutes(2);
    static final LaneSettings SETTINGS = LaneSettings.of("test").withPatience(PATIENCE);

    private Lanes() {}

    static void createTables(TestPostgres postgres) {
        postgres.execute(
                """
                CREATE SCHEMA IF NOT EXISTS platform;
                DROP TABLE IF EXISTS platform.commit_tokens;
                CREATE TABLE platform.commit_tokens (
                    lane uuid PRIMARY KEY, batch bigint NOT NULL, seen_at timestamptz NOT NULL);
                DROP TABLE IF EXISTS written;
                CREATE TABLE written (item bigint NOT NULL CHECK (item >= 0));\
                """);
    }

    /** Writes the items down; an item below 0 violates the table's check. */
    static List<Long> write(Connection connection, List<Long> items) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "INSERT INTO written SELECT * FROM unnest(?) RETURNING -item")) {
            statement.setArray(1, connection.createArrayOf("bigint", items.toArray()));
            statement.executeQuery().close();
        }
        return items.stream().map(item -> -item).toList();
    }

    static long count(HikariDataSource pool, String sql) {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    static long timesWritten(HikariDataSource pool, long item) {
        return count(pool, "SELECT count(*) FROM written WHERE item = " + item);
    }

    static <R> R get(CompletableFuture<R> future) throws Exception {
        return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** What the future failed with; null if it did not. */
    static @Nullable Throwable failure(CompletableFuture<?> future) throws Exception {
        try {
            get(future);
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    @FunctionalInterface
    interface Task {
        void run(int thread) throws Exception;
    }

    /** Runs the task on so many threads, which start at the same moment. */
    static void together(int threads, Task task) throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(threads);
        try (var executor = Executors.newFixedThreadPool(threads)) {
            List<? extends Future<?>> tasks =
                    IntStream.range(0, threads)
                            .mapToObj(thread ->
                                    executor.submit(() -> {
                                        barrier.await();
                                        task.run(thread);
                                        return null;
                                    }))
                            .toList();
            try {
                for (Future<?> running : tasks) {
                    running.get(2, TimeUnit.MINUTES);
                }
            } finally {
                executor.shutdownNow(); // those that wait for one that failed
            }
        }
    }
}
