package dev.jubilee.server.bus.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.client.Outcome;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who ends what a subscription is owed, while somebody deletes or rewinds the subscription. */
class LockOrderTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final List<Long> IDS = List.of(1L, 2L, 3L);
    private static final Pauses NO_PAUSE = Pauses.of(Duration.ZERO);
    private static final List<Leases.Lease> LEASES =
            IDS.stream().map(id -> new Leases.Lease(id, NOW)).toList();

    private final UUID subscription = UUID.randomUUID();

    /** Part of what somebody does to what is owed. */
    interface Ending {
        void run(Connection connection, UUID subscription) throws SQLException;
    }

    static Stream<Named<Ending>> endings() {
        return Stream.of(
                Named.of("lease", LockOrderTest::lease),
                Named.of("ack", (c, s) -> LeaseStore.ack(c, s, IDS, NOW)),
                Named.of(
                        "ackUpTo",
                        (c, s) -> StreamStore.ackUpTo(c, s, new StreamEventId(3, 1L), IDS, NOW)),
                Named.of("nack", (c, s) -> FailedLeases.nack(c, s, IDS, 3, NO_PAUSE, NOW)),
                Named.of("nackDead", (c, s) -> FailedLeases.nackDead(c, s, IDS, 0, NOW)),
                Named.of("giveUp", (c, s) -> FailedLeases.giveUp(c, s, 10, 0, NOW)),
                Named.of("expire", (c, s) -> FailedLeases.expire(c, s, 10, NO_PAUSE, "late", NOW)),
                Named.of("fail", (c, s) -> RelayStore.fail(c, s, 6, "fenced", NOW)),
                Named.of("release", (c, s) -> StreamStore.release(c, s, LEASES, NOW, 1L)),
                Named.of(
                        "take",
                        (c, s) -> RelayStore.take(c, s, 8, 10, RelayMemory.MOST, List.of())),
                Named.of("settle", (c, s) -> RelayStore.settle(c, s, 7, NOW)),
                Named.of("undo", (c, s) -> RelayStore.undo(c, s, 6)),
                Named.of("leave", (c, s) -> PendingStore.leave(c, List.of(first(s)))),
                Named.of("giveUpTaken", (c, s) -> RelayStore.giveUpTaken(c, s, "gone", NOW)),
                Named.of("record", LockOrderTest::record),
                Named.of("putBack", LockOrderTest::putBack),
                Named.of("redrive", LockOrderTest::redrive),
                Named.of("beginRedrive", LockOrderTest::beginRedrive));
    }

    private static Delivery first(UUID subscription) {
        return new Delivery(
                subscription, 1, "e1", "game.kill", "t", null, 1, new byte[0], 0, NOW, NOW);
    }

    private static void lease(Connection connection, UUID subscription) throws SQLException {
        var most = LeaseStore.Most.of(10, 1_000);
        LeaseStore.lease(connection, subscription, List.of(), most, 3, NOW, NOW);
    }

    private static void putBack(Connection connection, UUID subscription) throws SQLException {
        Recorder.Entry back = new Recorder.Entry.PutBack(subscription, IDS, () -> {});
        new AttemptStore(new AttemptPartitions(new Database(platform.dataSource())))
                .write(connection, List.of(back), false);
    }

    private static void redrive(Connection connection, UUID subscription) throws SQLException {
        execute(
                connection,
                """
                INSERT INTO bus.redrives (id, subscription_id, filter, status, total, last_id, created_at)
                VALUES (uuidv7(), '%s', '{}', 'running', 1, 'ffffffff-ffff-ffff-ffff-ffffffffffff', now())
                """
                        .formatted(subscription));
        try (Redrives redrives = redrives()) {
            redrives.step(connection);
        }
    }

    private static void beginRedrive(Connection connection, UUID subscription) throws SQLException {
        try (Redrives redrives = redrives()) {
            assertThat(redrives.begin(connection, subscription, DeadLetterStore.Query.ALL))
                    .isPresent();
        }
    }

    private static Redrives redrives() {
        return new Redrives(
                new Database(platform.dataSource()),
                new ChangeFeed(platform.dataSource()),
                platform.clock());
    }

    private static void record(Connection connection, UUID subscription) throws SQLException {
        Attempt.Try made =
                new Attempt.Try(
                        DeliveryMethod.WEBHOOK,
                        1,
                        new Outcome.Answered(204, "", null, Duration.ZERO),
                        NOW);
        Attempt attempt =
                Attempt.of(
                        UUID.randomUUID(),
                        first(subscription),
                        made,
                        null,
                        new Attempt.End.Delivered());
        new AttemptStore(new AttemptPartitions(new Database(platform.dataSource())))
                .write(connection, List.of(new Recorder.Entry.Tried(attempt)), false);
    }

    @ParameterizedTest
    @MethodSource("endings")
    void waitsBeforeItTouchesAnything(Ending ending) throws Exception {
        new AttemptPartitions(new Database(platform.dataSource())).ensure(NOW);
        owe();
        try (Connection deleting = platform.connection();
                Connection other = platform.connection()) {
            deleting.setAutoCommit(false);
            other.setAutoCommit(false);
            execute(
                    deleting,
                    "SELECT FROM bus.event_subscriptions WHERE id = '"
                            + subscription
                            + "' FOR NO KEY UPDATE");
            int pid = pid(other);
            CompletableFuture<Void> ended = CompletableFuture.runAsync(() -> run(ending, other));
            Await.untilAsserted("it waits", () -> assertThat(waits(pid)).isTrue());

            // Were anything locked already, each would wait for the other.
            execute(
                    deleting,
                    "DELETE FROM bus.pending_deliveries WHERE subscription_id = '"
                            + subscription
                            + "'");
            deleting.commit();
            ended.get(10, TimeUnit.SECONDS);
        }
    }

    /**
     * Whoever deletes one counts the version up first. Else what is routed to it meanwhile would be
     * owed to nobody, for ever.
     */
    @Test
    void whoDeletesASubscriptionWaitsUntilWhatIsRoutedToItIsWritten() throws Exception {
        UUID instance = UUID.randomUUID();
        try (Connection routing = platform.connection();
                Connection other = platform.connection()) {
            execute(
                    routing,
                    "INSERT INTO bus.delivery_instances VALUES ('" + instance + "', 'infinity')");
            routing.setAutoCommit(false);
            other.setAutoCommit(false);
            assertThat(PendingStore.head(routing, instance)).isPresent();
            int pid = pid(other);
            CompletableFuture<Void> deleted =
                    CompletableFuture.runAsync(() ->
                            run(
                                    (c, s) ->
                                            execute(
                                                    c,
                                                    "UPDATE bus.subscription_version SET version = version + 1"),
                                    other));
            Await.untilAsserted("it waits", () -> assertThat(waits(pid)).isTrue());

            routing.commit();
            deleted.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void aRedriveAndTheDeletionOfItsSubscriptionNeverWaitForEachOther() throws Exception {
        Database database = new Database(platform.dataSource());
        try (Redrives redrives = redrives();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 30; round++) {
                UUID id = UUID.randomUUID();
                giveUp(id);
                CyclicBarrier start = new CyclicBarrier(2);
                Future<?> deleted =
                        threads.submit(() -> {
                            start.await();
                            return database.transaction(connection -> delete(connection, id));
                        });
                Future<?> redriven =
                        threads.submit(() -> {
                            start.await();
                            while (database.transaction(redrives::step)) {
                                Thread.onSpinWait();
                            }
                            return true;
                        });

                assertThat(deleted).succeedsWithin(Duration.ofSeconds(30));
                assertThat(redriven).succeedsWithin(Duration.ofSeconds(30));
                assertThat(owed(id)).as("to nobody").isZero();
            }
        }
    }

    /** A subscription with so many dead letters that to redrive them takes a moment. */
    private static void giveUp(UUID id) throws SQLException {
        try (Connection connection = platform.connection()) {
            execute(
                    connection,
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's');
                    INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body,
                        attempts, reason, accepted_at, dead_at)
                    SELECT gen_random_uuid(), '%1$s', 'e' || n, 'game.kill', 't', 1, '', 1, 'r', now(), now()
                    FROM generate_series(1, 400) n;
                    INSERT INTO bus.redrives (id, subscription_id, filter, status, total, last_id, created_at)
                    VALUES (uuidv7(), '%1$s', '{}', 'running', 400, 'ffffffff-ffff-ffff-ffff-ffffffffffff', now())
                    """
                            .formatted(id));
        }
    }

    /** In the order of whoever deletes a subscription. */
    private static boolean delete(Connection connection, UUID id) throws SQLException {
        boolean there = PendingStore.lockOwner(connection, id);
        execute(connection, "DELETE FROM bus.event_subscriptions WHERE id = '" + id + "'");
        execute(
                connection,
                "DELETE FROM bus.pending_deliveries WHERE subscription_id = '" + id + "'");
        return there;
    }

    private static long owed(UUID id) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                                        + id
                                        + "'")) {
            row.next();
            return row.getLong(1);
        }
    }

    private void run(Ending ending, Connection connection) {
        try {
            ending.run(connection, subscription);
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void owe() throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement subscribe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, last_active)
                                VALUES (?, ?, 's', '2020-01-01')
                                """);
                PreparedStatement owe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic,
                                    priority, body, attempts, due_at, taken, accepted_at, batch)
                                SELECT ?, n, 'e' || n, 'game.kill', 't', 1, '', 1, ?, true, ?, 7
                                FROM generate_series(1, 3) n
                                """)) {
            subscribe.setObject(1, subscription);
            subscribe.setString(2, subscription.toString());
            subscribe.executeUpdate();
            owe.setObject(1, subscription);
            owe.setObject(2, NOW.atOffset(ZoneOffset.UTC));
            owe.setObject(3, NOW.atOffset(ZoneOffset.UTC));
            owe.executeUpdate();
        }
    }

    private static int pid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static boolean waits(int pid) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = "
                                        + pid)) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
