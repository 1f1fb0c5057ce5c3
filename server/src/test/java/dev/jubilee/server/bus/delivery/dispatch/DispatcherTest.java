package dev.jubilee.server.bus.delivery.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.attempts.DeliveryMetrics;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.DeliveryLoader;
import dev.jubilee.server.bus.delivery.pending.LoadPlan;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
import dev.jubilee.server.bus.delivery.routing.Placement;
import dev.jubilee.server.bus.delivery.sending.Senders;
import dev.jubilee.server.bus.delivery.sending.WebhookSender;
import dev.jubilee.server.bus.delivery.shards.Owned;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.StreamMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.SecretBox;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.bus.subscriptions.SubscriptionSecrets;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.client.AllowedNetworks;
import dev.jubilee.server.http.client.OutboundHttp;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What fails of one subscription is not felt by the others. */
class DispatcherTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final Database database = new Database(platform.dataSource());
    private final SubscriptionDirectory directory =
            new SubscriptionDirectory(database, new ChangeFeed(platform.dataSource()));
    private final Ownership ownership = new Ownership();
    private final DeliveryPlacer placer =
            new DeliveryPlacer(
                    directory,
                    ownership,
                    new OpenStreams(StreamMemory.ofHeap()),
                    new DeliveryMemory(16 << 20));
    private final Queue<UUID> loaded = new ConcurrentLinkedQueue<>();
    private final Queue<UUID> failing = new ConcurrentLinkedQueue<>();
    private final AtomicInteger sent = new AtomicInteger();
    private final OutboundHttp http = new OutboundHttp(AllowedNetworks.parse("127.0.0.0/8"), 10);
    private final Recorder recorder =
            new Recorder(
                    database, new AttemptStore(AttemptStore.partitions(database)), attempt -> {});
    private final Dispatcher dispatcher =
            new Dispatcher(
                    new Dispatcher.Parts(
                            placer,
                            directory,
                            new Senders(brokenSender(), null, null, took -> {}),
                            recorder,
                            (subscription, wanted) -> load(subscription.id()),
                            (subscription, reason) -> new CompletableFuture<>()),
                    10,
                    platform.clock(),
                    new DeliveryMetrics(new SimpleMeterRegistry()));

    @AfterEach
    void stop() {
        dispatcher.close();
        recorder.close();
        http.close();
    }

    @Test
    void newsThatCannotBeTakenKeepNoOtherNewsFromBeingHeard() throws SQLException {
        UUID subscription = subscription();
        own();

        dispatcher.offer(
                new AbstractList<>() {
                    @Override
                    public Placement get(int index) {
                        throw new IllegalStateException("it cannot be read");
                    }

                    @Override
                    public int size() {
                        return 1;
                    }
                });
        dispatcher.waiting(subscription);
        dispatcher.start();

        Await.untilAsserted(
                "what waits is loaded", () -> assertThat(loaded).contains(subscription));
    }

    @Test
    void aSubscriptionThatFailsKeepsNoOtherWaiting() throws SQLException {
        UUID ill = subscription();
        UUID well = subscription();
        failing.add(ill);
        own();

        dispatcher.waiting(ill);
        dispatcher.waiting(well);
        dispatcher.start();

        Await.untilAsserted("the other's is loaded", () -> assertThat(loaded).contains(well));
    }

    @Test
    void whatADefectKeepsFromBeingSentCostsTheEndpointNothingAndIsGivenUpInTheEnd()
            throws SQLException {
        UUID subscription = subscription();
        own();
        owe(subscription);
        recorder.start();
        dispatcher.start();

        Await.untilAsserted(
                "it is given up",
                () -> {
                    platform.clock().advance(Duration.ofMinutes(5));
                    assertThat(deadLetter(subscription))
                            .startsWith("a defect of this platform")
                            .endsWith("after 0 tries, circuit closed");
                });
        assertThat(sent).hasValue(OutcomeClassifier.MOST_BROKEN);
        assertThat(dispatcher.inFlight()).isZero();
    }

    /** Nobody would ever take away the window of what is not sent. */
    @Test
    void whoTakesItsEventsItselfHasNoWindow() throws SQLException {
        UUID sent = subscription();
        UUID taking = subscription();
        execute("UPDATE bus.event_subscriptions SET method = 'sse' WHERE id = '" + taking + "'");
        own();

        // They may be in one shard.
        dispatcher.takeOver(
                new HashSet<>(List.of(Ownership.shardOf(sent), Ownership.shardOf(taking))));
        dispatcher.waiting(sent);
        dispatcher.start();

        Await.untilAsserted("what waits is loaded", () -> assertThat(loaded).contains(sent));
        assertThat(placer.hasWindow(sent)).isTrue();
        assertThat(placer.hasWindow(taking)).isFalse();
    }

    private void owe(UUID subscription) throws SQLException {
        Instant now = platform.clock().instant();
        byte[] body = "{}".getBytes(UTF_8);
        Delivery one =
                new Delivery(subscription, 1, "e1", "game.kill", "t", "k", 1, body, 0, now, now);
        execute(
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, key, priority,
                    body, attempts, due_at, taken, accepted_at)
                VALUES ('%s', 1, 'e1', 'game.kill', 't', 'k', 1, '{}', 0, now(), true, now())
                """
                        .formatted(subscription));
        DeliveryWindow window = placer.window(subscription);
        window.adopt(one);
        dispatcher.offer(List.of(Placement.pushed(one, window)));
    }

    /** What it says, with the tries that it took and how the circuit stands. */
    private static String deadLetter(UUID subscription) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                """
                                SELECT d.reason || ', after ' || d.attempts || ' tries, circuit ' || s.circuit
                                FROM bus.dead_letters d JOIN bus.event_subscriptions s ON s.id = d.subscription_id
                                WHERE d.subscription_id = '%s'
                                """
                                        .formatted(subscription))) {
            return row.next() ? row.getString(1) : "none";
        }
    }

    private CompletableFuture<DeliveryLoader.Loaded> load(UUID subscription) {
        if (failing.contains(subscription)) {
            throw new IllegalStateException("it cannot be loaded");
        }
        loaded.add(subscription);
        return CompletableFuture.completedFuture(
                new DeliveryLoader.Loaded(List.of(), false, List.of(), LoadPlan.NONE, null));
    }

    private WebhookSender brokenSender() {
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        return new WebhookSender(
                http,
                new SubscriptionSecrets(SecretBox.open(Path.of("target"), key)),
                () -> {
                    sent.incrementAndGet();
                    throw new IllegalStateException("the clock is broken");
                },
                Duration.ofSeconds(5));
    }

    private void own() {
        directory.refresh();
        Owned.all(ownership);
    }

    private static UUID subscription() throws SQLException {
        UUID id = UUID.randomUUID();
        execute(
                """
                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method, endpoint, max_retries)
                VALUES ('%1$s', '%1$s', 's', 'webhook', 'http://127.0.0.1/hook', 1);
                UPDATE bus.subscription_version SET version = version + 1
                """
                        .formatted(id));
        return id;
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
