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
import java.util.List;
import java.util.Map;

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

    PostgresCheckpoints checkpoints() {
        return new PostgresCheckpoints(pool, SETTINGS);
    }

    /** So many writers, each with a stream of its own, one append after the other. */
    Written write(int writers, int events, Duration duration) {
        int round = rounds++;
        return Written.by(
                writers,
                duration,
                writer -> {
                    String stream = "player-" + round + "-" + writer;
                    return done -> append(stream, done * events, events);
                });
    }

    private void append(String stream, long version, int events) {
        AppendResult result = store.saveEvents(stream, events(stream, version, events), version);
        if (!(result instanceof AppendResult.Appended)) {
            throw new BenchException("Appending to " + stream + " gave " + result);
        }
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
