package dev.jubilee.server.bus.delivery.attempts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.client.Outcome;
import dev.jubilee.server.testing.LostAnswers;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RecorderTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00.123456789Z");

    private static final byte[] BODY = "the event".getBytes(UTF_8);

    private final UUID subscription = UUID.randomUUID();

    @Test
    void whatWasCommittedThoughTheAnswerWasLostIsRecordedOnce() throws SQLException {
        owe(true);
        LostAnswers answers = new LostAnswers(platform.dataSource());
        Database database = new Database(answers.dataSource());
        List<Attempt> written = new CopyOnWriteArrayList<>();
        Attempt attempt = attempt(new Attempt.End.Dead("it said no"));
        try (Recorder recorder =
                new Recorder(
                        database,
                        new AttemptStore(AttemptStore.partitions(database)),
                        written::add)) {
            recorder.start();
            answers.loseNext("bus.event_subscriptions");
            recorder.record(new Recorder.Entry.Tried(attempt));

            Await.untilAsserted(
                    "it is known to be written",
                    () -> assertThat(written).containsExactly(attempt));
        }

        assertThat(answers.lost()).isEqualTo(1);
        assertThat(count("bus.event_deliveries WHERE subscription_id = ?::text")).isEqualTo(1);
        assertThat(count("bus.dead_letters WHERE subscription_id = ?")).isEqualTo(1);
        assertThat(count("bus.pending_deliveries WHERE subscription_id = ?")).isZero();
    }

    @Test
    void aDeadLetterHasTheBodyThoughNoAttemptKeepsItInMemory() throws SQLException {
        owe(true);
        Database database = new Database(platform.dataSource());
        AttemptStore store = new AttemptStore(AttemptStore.partitions(database));
        Attempt attempt = attempt(new Attempt.End.Dead("it said no"));
        List<Recorder.Entry> batch = List.of(new Recorder.Entry.Tried(attempt));
        store.ensurePartitions(batch);

        database.transaction(connection -> {
            store.write(connection, batch, false);
            return batch;
        });

        assertThat(attempt.delivery().body()).isEmpty();
        assertThat(count("bus.dead_letters WHERE subscription_id = ? AND body = 'the event'"))
                .isEqualTo(1);
        assertThat(count("bus.pending_deliveries WHERE subscription_id = ?")).isZero();
    }

    @Test
    void whatEndpointsSayAtLengthFillsItAsSurelyAsMuchThatIsShort() {
        Database database = new Database(platform.dataSource());
        try (Recorder recorder =
                new Recorder(
                        database,
                        new AttemptStore(AttemptStore.partitions(database)),
                        attempt -> {})) {
            int recorded = 0;
            for (; !recorder.isFull(); recorded++) {
                recorder.record(new Recorder.Entry.Tried(said("x".repeat(10_000))));
            }
            assertThat(recorded).isBetween(5_000, 10_000);
        }
    }

    private Attempt said(String answer) {
        Delivery delivery =
                new Delivery(subscription, 1, "e1", "game.kill", "t", null, 1, BODY, 0, NOW, NOW);
        return Attempt.of(
                UUID.randomUUID(),
                delivery,
                new Attempt.Try(
                        DeliveryMethod.WEBHOOK,
                        1,
                        new Outcome.Answered(500, answer, null, Duration.ZERO),
                        NOW),
                null,
                new Attempt.End.Delivered());
    }

    /** One that PostgreSQL refuses would be tried for ever, and everything behind it wait. */
    @Test
    void whatAnEndpointSaysIsWrittenWhateverItSays() throws SQLException {
        owe(true);
        Database database = new Database(platform.dataSource());
        AttemptStore store = new AttemptStore(AttemptStore.partitions(database));
        Delivery delivery =
                new Delivery(subscription, 1, "e1", "game.kill", "t", null, 1, BODY, 0, NOW, NOW);
        Attempt attempt =
                Attempt.of(
                        UUID.randomUUID(),
                        delivery,
                        new Attempt.Try(
                                DeliveryMethod.WEBHOOK,
                                1,
                                new Outcome.Answered(500, "a\0b", null, Duration.ZERO),
                                NOW),
                        "bad\0line \uD83D",
                        new Attempt.End.Dead("bad\0line \uD83D"));
        List<Recorder.Entry> batch = List.of(new Recorder.Entry.Tried(attempt));
        store.ensurePartitions(batch);

        database.transaction(connection -> {
            store.write(connection, batch, false);
            return batch;
        });

        assertThat(count("bus.dead_letters WHERE subscription_id = ?")).isEqualTo(1);
    }

    @Test
    void whatCannotBeWrittenKeepsNothingElseFromIt() throws SQLException {
        owe(true);
        Database database = new Database(platform.dataSource());
        List<Attempt> written = new CopyOnWriteArrayList<>();
        Attempt good = attempt(new Attempt.End.Dead("it said no"));
        try (Recorder recorder =
                new Recorder(
                        database,
                        new AttemptStore(AttemptStore.partitions(database)),
                        written::add)) {
            for (int i = 0; i < 20; i++) {
                recorder.record(
                        new Recorder.Entry.Tried(i == 13 ? good : spoilt("web\0hook", null)));
            }
            recorder.start();

            Await.untilAsserted("it is written", () -> assertThat(written).containsExactly(good));
            Await.until("the others are counted", () -> recorder.unrecorded() == 19);
        }
        assertThat(count("bus.event_deliveries WHERE subscription_id = ?::text")).isEqualTo(1);
        assertThat(count("bus.dead_letters WHERE subscription_id = ?")).isEqualTo(1);
    }

    @Test
    void whoCannotBeToldOfOneKeepsNothingElseFromBeingWritten() throws SQLException {
        owe(true);
        Database database = new Database(platform.dataSource());
        List<Attempt> written = new CopyOnWriteArrayList<>();
        Attempt good = attempt(new Attempt.End.Delivered());
        try (Recorder recorder =
                new Recorder(
                        database,
                        new AttemptStore(AttemptStore.partitions(database)),
                        written::add)) {
            recorder.start();
            recorder.record(
                    new Recorder.Entry.PutBack(
                            subscription,
                            List.of(),
                            () -> {
                                throw new IllegalStateException("it cannot be told");
                            }));
            recorder.flush();
            recorder.record(new Recorder.Entry.Tried(good));

            Await.untilAsserted("it is written", () -> assertThat(written).containsExactly(good));
        }
        assertThat(count("bus.pending_deliveries WHERE subscription_id = ?")).isZero();
    }

    @Test
    void whatBecomesOfADeliveryIsWrittenThoughWhatWasSaidCannotBe() throws SQLException {
        owe(true);
        Database database = new Database(platform.dataSource());
        List<Attempt> written = new CopyOnWriteArrayList<>();
        try (Recorder recorder =
                new Recorder(
                        database,
                        new AttemptStore(AttemptStore.partitions(database)),
                        written::add)) {
            recorder.record(new Recorder.Entry.Tried(spoilt("webhook", "a\0b")));
            recorder.start();

            Await.until("it is written", () -> written.size() == 1);
            assertThat(recorder.unrecorded()).isZero();
        }
        assertThat(count("bus.event_deliveries WHERE subscription_id = ?::text")).isEqualTo(1);
        assertThat(count("bus.pending_deliveries WHERE subscription_id = ?")).isZero();
    }

    /** As none is made, since what endpoints say is cleaned. */
    private Attempt spoilt(String method, @Nullable String response) {
        Attempt clean = attempt(new Attempt.End.Delivered());
        return new Attempt(
                clean.id(),
                clean.delivery(),
                clean.number(),
                method,
                clean.status(),
                clean.statusCode(),
                response,
                null,
                clean.took(),
                clean.at(),
                clean.end());
    }

    /** Its successor has the delivery by then, as one that waits. */
    @Test
    void aFailureThatADeposedInstanceRecordsHidesTheDeliveryFromNobody() throws SQLException {
        owe(false);
        Database database = new Database(platform.dataSource());
        AttemptStore store = new AttemptStore(AttemptStore.partitions(database));
        List<Recorder.Entry> batch =
                List.of(
                        new Recorder.Entry.Tried(
                                attempt(new Attempt.End.Again(NOW.plusSeconds(5), true))));
        store.ensurePartitions(batch);

        database.transaction(connection -> {
            store.write(connection, batch, false);
            return batch;
        });

        assertThat(count("bus.pending_deliveries WHERE subscription_id = ? AND attempts = 1"))
                .isEqualTo(1);
        assertThat(count("bus.pending_deliveries WHERE subscription_id = ? AND NOT taken"))
                .isEqualTo(1);
    }

    /** Tried again at once, it may fail twice within what one transaction writes. */
    @Test
    void ofTwoFailuresOfOneDeliveryTheLastCounts() throws SQLException {
        owe(true);
        Database database = new Database(platform.dataSource());
        AttemptStore store = new AttemptStore(AttemptStore.partitions(database));
        List<Recorder.Entry> batch =
                List.of(
                        new Recorder.Entry.Tried(attempt(new Attempt.End.Again(NOW, true))),
                        new Recorder.Entry.Tried(
                                attempt(new Attempt.End.Again(NOW.plusSeconds(5), false))));
        store.ensurePartitions(batch);

        database.transaction(connection -> {
            store.write(connection, batch, false);
            return batch;
        });

        assertThat(
                        count(
                                "bus.pending_deliveries WHERE NOT taken AND due_at > '2026-11-21T12:00:04Z'"
                                        + " AND subscription_id = ?"))
                .isEqualTo(1);
        assertThat(count("bus.event_deliveries WHERE subscription_id = ?::text")).isEqualTo(2);
    }

    private Attempt attempt(Attempt.End end) {
        Delivery delivery =
                new Delivery(subscription, 1, "e1", "game.kill", "t", null, 1, BODY, 0, NOW, NOW);
        Attempt.Try made =
                new Attempt.Try(
                        DeliveryMethod.WEBHOOK,
                        1,
                        new Outcome.Answered(500, "", null, Duration.ZERO),
                        NOW);
        return Attempt.of(UUID.randomUUID(), delivery, made, null, end);
    }

    private void owe(boolean taken) throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement subscribe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name)
                                VALUES (?, ?, 's')
                                """);
                PreparedStatement owe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic,
                                    priority, body, due_at, taken, accepted_at)
                                VALUES (?, 1, 'e1', 'game.kill', 't', 1, 'the event', ?, ?, ?)
                                """)) {
            subscribe.setObject(1, subscription);
            subscribe.setString(2, subscription.toString());
            subscribe.executeUpdate();
            owe.setObject(1, subscription);
            owe.setObject(2, NOW.atOffset(ZoneOffset.UTC));
            owe.setBoolean(3, taken);
            owe.setObject(4, NOW.atOffset(ZoneOffset.UTC));
            owe.executeUpdate();
        }
    }

    private int count(String rows) throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement select =
                        connection.prepareStatement("SELECT count(*) FROM " + rows)) {
            select.setObject(1, subscription);
            try (var row = select.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }
}
