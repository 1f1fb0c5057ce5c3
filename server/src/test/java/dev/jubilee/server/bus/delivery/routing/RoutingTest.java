package dev.jubilee.server.bus.delivery.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.BatchHandler.Handled;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.delivery.shards.Owned;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.StreamMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.bus.topics.TopicSettings;
import dev.jubilee.server.bus.topics.Topics;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.LostAnswers;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What batches leave in PostgreSQL. */
class RoutingTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int MANY = 1 << 20;

    private final Admin admin = Admin.create(platform.kafka());
    private final Database database = new Database(platform.dataSource());
    private final ChangeFeed changes = new ChangeFeed(platform.dataSource());
    private final SubscriptionDirectory directory = new SubscriptionDirectory(database, changes);
    private final Ownership ownership = new Ownership();
    private final DeliveryPlacer placer =
            new DeliveryPlacer(
                    directory,
                    ownership,
                    new OpenStreams(StreamMemory.ofHeap()),
                    new DeliveryMemory(16 << 20));
    private final PostgresOffsets offsets =
            new PostgresOffsets(platform.dataSource(), "platform.consumer_offsets");
    private final PartitionId zero = new PartitionId(UUID.randomUUID(), 0);
    private final PartitionId one = new PartitionId(zero.topicId(), 1);

    @BeforeEach
    void join() throws SQLException {
        execute(
                """
                DELETE FROM bus.event_subscriptions;
                DELETE FROM bus.pending_deliveries;
                INSERT INTO bus.delivery_instances VALUES ('%s', 'infinity')
                """
                        .formatted(ownership.instance()));
    }

    @AfterEach
    void close() {
        admin.close();
    }

    @Test
    void aTransactionWritesNoMoreThanSoManyDeliveries() throws SQLException {
        subscribe("{}", 3);

        assertThat(router(new DeliveryRouter.Most(6, MANY)).handle(batch()))
                .isEqualTo(Handled.ADVANCED);

        assertThat(transactions()).containsExactly(6, 6, 6, 6, 6);
        assertThat(offsets.positions("delivery")).containsEntry(zero, 6L).containsEntry(one, 5L);
    }

    @Test
    void aTransactionHoldsNoMoreThanSoManyBytes() throws SQLException {
        subscribe("{}", 1);

        router(new DeliveryRouter.Most(MANY, 1)).handle(batch());

        assertThat(transactions()).hasSize(10).containsOnly(1);
        assertThat(offsets.positions("delivery")).containsEntry(zero, 6L).containsEntry(one, 5L);
    }

    @Test
    void whatIsMoreThanThatForOneRecordIsWrittenAllTheSame() throws SQLException {
        subscribe("{}", 3);

        router(new DeliveryRouter.Most(1, MANY)).handle(batch());

        assertThat(transactions()).hasSize(10).containsOnly(3);
    }

    /** Others go on from where the parts that were written end. */
    @Test
    void aBatchInPartsDoesNotHoldUpTheEndOfTheInstance() throws SQLException {
        subscribe("{}", 3);
        DeliveryRouter router = router(new DeliveryRouter.Most(6, MANY));
        placer.tell(rows -> {}, subscription -> router.closing());

        assertThatThrownBy(() -> router.handle(batch())).isInstanceOf(RetryableException.class);

        assertThat(transactions()).containsExactly(6);
        assertThat(offsets.positions("delivery")).containsEntry(zero, 2L);
    }

    @Test
    void aBatchThatWasOvertakenLeavesNothing() throws SQLException {
        subscribe("{}", 3);
        router(new DeliveryRouter.Most(6, MANY)).handle(batch());

        assertThat(router(new DeliveryRouter.Most(6, MANY)).handle(batch()))
                .isEqualTo(Handled.FENCED);

        assertThat(transactions()).hasSize(5);
    }

    /** The records say of which topic they are, whatever has that name by now. */
    @Test
    void whatWasPolledOfATopicThatWasDeletedIsHeldAgainstWhereTheSubscriptionStartsInIt()
            throws SQLException {
        subscribe("{\"" + zero.topicId() + "\": [3, 5]}", 1);

        router(new DeliveryRouter.Most(MANY, MANY)).handle(batch());

        assertThat(transactions()).containsExactly(2);
    }

    /** Nobody else is told: what is announced is announced to other instances. */
    @Test
    void whatWaitsThoughTheAnswerWasLostIsToldInTheEnd() throws SQLException {
        UUID subscription = subscribe("{}", 1).getFirst();
        LostAnswers answers = new LostAnswers(platform.dataSource());
        DeliveryRouter router =
                router(new DeliveryRouter.Most(MANY, MANY), new Database(answers.dataSource()));
        List<UUID> told = new ArrayList<>();
        placer.tell(rows -> {}, told::add);

        answers.loseNext("bus.subscription_version v");
        assertThatThrownBy(() -> router.handle(batch())).isInstanceOf(RetryableException.class);
        assertThat(transactions()).containsExactly(10);
        router.settleUncertain();

        assertThat(told).containsExactly(subscription);
    }

    /** The answer is not awaited for ever; PostgreSQL may still be at the commit by then. */
    @Test
    void whatIsCommittedOnlyAfterTheAnswerWasGivenUpIsInNobodysMemory() throws Exception {
        UUID subscription = subscribe("{}", 1).getFirst();
        execute(
                "UPDATE bus.event_subscriptions SET method = 'webhook', endpoint = 'http://127.0.0.1/'");
        Owned.all(ownership);
        LostAnswers answers = new LostAnswers(platform.dataSource());
        DeliveryRouter router =
                router(new DeliveryRouter.Most(MANY, MANY), new Database(answers.dataSource()));
        DeliveryWindow window = placer.window(subscription);
        window.caughtUp(window.mark());

        answers.holdNext("bus.subscription_version v");
        assertThatThrownBy(() -> router.handle(batch())).isInstanceOf(RetryableException.class);
        CompletableFuture<Void> settled = CompletableFuture.runAsync(router::settleUncertain);
        Await.until(
                "it is settled or waits for that",
                () -> settled.isDone() || number("pg_locks WHERE NOT granted") > 0);
        answers.commitHeld();
        settled.get(2, TimeUnit.MINUTES);

        assertThat(number("bus.pending_deliveries")).isEqualTo(10);
        assertThat(number("bus.pending_deliveries WHERE taken")).isZero();
    }

    private static int number(String which) {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + which)) {
            row.next();
            return row.getInt(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Five records of each of two partitions, the first with a marker behind them. */
    private Batch batch() {
        List<ConsumerRecord<byte[], byte[]>> records =
                Stream.of(0, 1)
                        .flatMap(partition ->
                                LongStream.range(0, 5)
                                        .mapToObj(at -> BatchPartsTest.record(partition, at)))
                        .toList();
        return new Batch(
                records,
                new OffsetAdvance(
                        "delivery",
                        List.of(
                                new OffsetAdvance.Step(zero, "t", OffsetAdvance.NONE, 6),
                                new OffsetAdvance.Step(one, "t", OffsetAdvance.NONE, 5))));
    }

    private DeliveryRouter router(DeliveryRouter.Most most) {
        return router(most, database);
    }

    /**
     * @param writing on which it routes
     */
    private DeliveryRouter router(DeliveryRouter.Most most, Database writing) {
        directory.refresh();
        Topics topics =
                new Topics(
                        database,
                        changes,
                        admin,
                        new Audit(platform.clock()),
                        new TopicSettings(1, 1, Duration.ofDays(1)),
                        MANY,
                        platform.clock());
        return new DeliveryRouter(
                new DeliveryRouter.Parts(
                        writing,
                        offsets,
                        directory,
                        ownership,
                        new Clearance(topics.catalogue()),
                        platform.clock()),
                placer,
                "dead.letters",
                new RoutingMetrics(new SimpleMeterRegistry()),
                most);
    }

    private static List<UUID> subscribe(String startsAt, int count) throws SQLException {
        List<UUID> ids = Stream.generate(UUID::randomUUID).limit(count).toList();
        for (UUID id : ids) {
            execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method, starts_at)
                    VALUES ('%1$s', '%1$s', 's', 'sse', '%2$s');
                    UPDATE bus.subscription_version SET version = version + 1
                    """
                            .formatted(id, startsAt));
        }
        return ids;
    }

    /** How many deliveries each transaction wrote, in the order of their ids. */
    private static List<Integer> transactions() throws SQLException {
        List<Integer> found = new ArrayList<>();
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.pending_deliveries GROUP BY xmin::text ORDER BY min(id)")) {
            while (row.next()) {
                found.add(row.getInt(1));
            }
        }
        return found;
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
