package dev.jubilee.events.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.subtle.AesGcmJce;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresCheckpoints;
import dev.jubilee.events.postgres.store.PostgresDataKeys;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.shredding.ShreddingEventStore;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.AppendResult.Appended;
import dev.jubilee.events.store.AppendResult.Conflict;
import dev.jubilee.events.store.AppendResult.Duplicate;
import dev.jubilee.events.store.AppendResult.StreamDeleted;
import dev.jubilee.events.store.CatchUpSubscription;
import dev.jubilee.events.store.Checkpoints.Lease;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.StoredEvent;
import dev.jubilee.events.store.SubscriptionSettings;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The guide of the event store, run on a real one. */
@ExtendWith(RealPostgres.class)
class EventStoreGuideTest {
    private final TestPostgres postgres;
    private final HikariDataSource dataSource;
    private final Instant now = Instant.parse("2026-11-21T12:00:00Z");
    private final List<String> projected = new CopyOnWriteArrayList<>();

    EventStoreGuideTest(TestPostgres postgres) {
        this.postgres = postgres;
        this.dataSource = postgres.pool(8);
    }

    @AfterEach
    void close() {
        dataSource.close();
        postgres.execute("DROP SCHEMA guilds CASCADE");
    }

    private EventStore installed() {
        EventStoreSettings settings = EventStoreSettings.of("guilds"); // the schema, and its log
        EventStoreSchema.install(dataSource, settings); // makes what is missing
        EventStore store = new PostgresEventStore(dataSource, settings);
        return store;
    }

    private String deposit(EventStore store, String id) {
        byte[] bytes = "{}".getBytes(UTF_8);
        Envelope deposited =
                Envelope.of(id, "guild.gold.deposited", "guild-service", now).json(bytes).build();
        long seen = 4; // the version of the stream as I know it
        AppendResult result = store.saveEvents("guild-7", List.of(deposited), seen);
        return switch (result) {
            case Appended appended -> "done, the stream is at " + appended.version();
            case Duplicate duplicate -> "an earlier try had done it, at " + duplicate.position();
            case Conflict conflict -> "read on to " + conflict.actualVersion() + ", decide again";
            case StreamDeleted deleted -> "give up";
        };
    }

    @Test
    void tenLines() {
        try (EventStore store = installed()) {
            store.saveEvents("guild-7", events(4), 0);

            assertThat(deposit(store, "e5")).isEqualTo("done, the stream is at 5");
            assertThat(deposit(store, "e5")).isEqualTo("an earlier try had done it, at 5");
            assertThat(deposit(store, "other")).isEqualTo("read on to 5, decide again");
            store.deleteStream("guild-7", 5);
            assertThat(deposit(store, "e5")).isEqualTo("give up");
        }
    }

    private CatchUpSubscription follow(EventStore store, String instanceName) {
        EventStoreSettings settings = EventStoreSettings.of("guilds");
        PostgresCheckpoints checkpoints = new PostgresCheckpoints(dataSource, settings);
        CatchUpSubscription treasury =
                CatchUpSubscription.start(
                        store,
                        checkpoints,
                        SubscriptionSettings.of("treasury", instanceName),
                        (events, lease) -> project(events));
        return treasury;
    }

    private void project(List<StoredEvent> events) {
        events.forEach(stored -> projected.add(stored.event().id()));
    }

    @Test
    void aProjectionIsToldOfEverything() throws Exception {
        try (EventStore store = installed();
                CatchUpSubscription treasury = follow(store, "instance-1")) {
            store.saveEvents("guild-7", events(3), 0);

            assertThat(treasury.awaitPosition(store.lastPosition(), Duration.ofSeconds(30)))
                    .isTrue();
        }
        assertThat(projected).containsExactly("e1", "e2", "e3");
    }

    private void handleOnce(PostgresCheckpoints checkpoints, List<StoredEvent> events, Lease lease)
            throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            project(connection, events);
            if (checkpoints.advance(connection, lease, events.getLast().position())) {
                connection.commit();
            } else {
                connection.rollback(); // overtaken
            }
        }
    }

    private static void project(Connection connection, List<StoredEvent> events)
            throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE guilds.seen SET events = events + " + events.size());
        }
    }

    @Test
    void theEffectAndTheCheckpointAreOneTransaction() throws SQLException {
        try (EventStore store = installed()) {
            postgres.execute("CREATE TABLE guilds.seen AS SELECT 0 AS events");
            store.saveEvents("guild-7", events(3), 0);
            PostgresCheckpoints checkpoints =
                    new PostgresCheckpoints(dataSource, EventStoreSettings.of("guilds"));
            Duration minute = Duration.ofMinutes(1);
            Lease zombie = checkpoints.acquire("seen", "a", minute).orElseThrow();
            Lease lease = checkpoints.acquire("seen", "a", minute).orElseThrow();

            handleOnce(checkpoints, store.getAllEvents(), zombie);
            handleOnce(checkpoints, store.getAllEvents(), lease);

            assertThat(checkpoints.position("seen")).hasValue(store.lastPosition());
            assertThat(seen()).isEqualTo(3);
        }
    }

    private int seen() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT events FROM guilds.seen")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void aPersonIsForgotten() throws GeneralSecurityException {
        EventStoreSettings settings = EventStoreSettings.of("guilds");
        Aead masterKey = new AesGcmJce(new byte[32]);
        EventStore plain = installed();

        ShreddingEventStore store =
                new ShreddingEventStore(
                        plain,
                        new PostgresDataKeys(dataSource, settings),
                        masterKey,
                        Envelope::subject);
        store.saveEvents("guild-7", events(1), 0);
        store.forget("player-7");

        assertThat(store.getEvents("guild-7")).singleElement().matches(StoredEvent::erased);
        store.close();
    }

    @Test
    void everyPieceOfJavaInTheGuideIsRunHere() throws IOException {
        try (EventStore store = installed()) {
            assertThat(store.lastPosition()).isZero();
        }
        GuideSamples.assertRun("event-store.md", 5);
    }

    private List<Envelope> events(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i ->
                        Envelope.of("e" + i, "guild.gold.deposited", "guild-service", now)
                                .subject("player-7")
                                .json("{}".getBytes(UTF_8))
                                .build())
                .toList();
    }
}
