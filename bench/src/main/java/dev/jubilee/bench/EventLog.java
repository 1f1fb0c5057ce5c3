package dev.jubilee.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresCheckpoints;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.store.AppendResult;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** An event store of the library in the platform's PostgreSQL, in a schema that is dropped. */
final class EventLog implements AutoCloseable {
    static final EventStoreSettings SETTINGS = EventStoreSettings.of("bench_event_store");
    private static final int CONNECTIONS = 16;
    private static final byte[] DATA = Bodies.event("bench").getBytes(StandardCharsets.UTF_8);

    final HikariDataSource pool;
    final PostgresEventStore store;
    private int rounds;

    EventLog(Installation at) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(
                "jdbc:postgresql://127.0.0.1:" + at.postgresPort() + "/" + Installation.DATABASE);
        config.setUsername(Installation.USER);
        config.setPassword(at.password());
        config.setMaximumPoolSize(CONNECTIONS);
        pool = new HikariDataSource(config);
        drop();
        EventStoreSchema.install(pool, SETTINGS);
        store = new PostgresEventStore(pool, SETTINGS);
    }

    /**
     * What writers did.
     *
     * @param appends that were acknowledged
     * @param latencies of each, sorted, in nanoseconds
     */
    @SuppressWarnings("ArrayRecordComponent") // only read
    record Written(long appends, long[] latencies, double seconds) {
        double rate() {
            return appends / seconds;
        }

        double milliseconds(double quantile) {
            int place = (int) Math.min(latencies.length - 1L, (long) (latencies.length * quantile));
            return latencies.length == 0 ? 0 : latencies[place] / 1e6;
        }
    }

    PostgresCheckpoints checkpoints() {
        return new PostgresCheckpoints(pool, SETTINGS);
    }

    /** So many writers, each with a stream of its own, one append after the other. */
    Written write(int writers, int events, Duration duration) {
        int round = rounds++;
        long start = System.nanoTime();
        long end = start + duration.toNanos();
        List<Future<long[]>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < writers; i++) {
                String stream = "player-" + round + "-" + i;
                running.add(threads.submit(() -> write(stream, events, end)));
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long[] latencies = running.stream().flatMapToLong(w -> Arrays.stream(of(w))).toArray();
        Arrays.sort(latencies);
        return new Written(latencies.length, latencies, seconds);
    }

    private long[] write(String stream, int events, long end) {
        long[] latencies = new long[1024];
        int count = 0;
        for (long version = 0; System.nanoTime() < end; version += events) {
            long before = System.nanoTime();
            AppendResult result =
                    store.saveEvents(stream, events(stream, version, events), version);
            if (!(result instanceof AppendResult.Appended)) {
                throw new BenchException("Appending to " + stream + " gave " + result);
            }
            if (count == latencies.length) {
                latencies = Arrays.copyOf(latencies, 2 * count);
            }
            latencies[count++] = System.nanoTime() - before;
        }
        return Arrays.copyOf(latencies, count);
    }

    private static List<Envelope> events(String stream, long version, int count) {
        Instant now = Instant.now();
        List<Envelope> events = new ArrayList<>(count);
        for (int i = 1; i <= count; i++) {
            String id = stream + "-" + (version + i);
            events.add(
                    Envelope.of(id, "game.match.end", "bench", now)
                            .subject(stream)
                            .correlationId(id)
                            .json(DATA)
                            .extensions(Map.of("environment", "bench"))
                            .build());
        }
        return events;
    }

    static byte[] data() {
        return DATA;
    }

    static <T> T of(Future<T> done) {
        try {
            return done.get();
        } catch (ExecutionException e) {
            throw new BenchException("The event store: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    /** How many events there are. */
    static long stored(Stand stand) {
        return stand.installation().count("SELECT count(*) FROM bench_event_store.events", null);
    }

    private void drop() {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA IF EXISTS " + SETTINGS.schema() + " CASCADE");
        } catch (SQLException e) {
            throw new BenchException("Dropping " + SETTINGS.schema() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        store.close();
        drop();
        pool.close();
    }
}
