package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.Receiver.Received;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.Program;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** One of several instances falls silent, or all lose PostgreSQL, while webhooks go out. */
class DeliveryTakeoverTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int EVENTS = 300;
    private static final int KEYS = 3;

    @TempDir Path folder;

    @Test
    void anInstanceThatIsTakenForDeadSendsNothingBesideItsSuccessor() throws Exception {
        String topic = platform.topic("silent");
        try (Receiver receiver = slow();
                BusInstance one = new BusInstance(platform, Map.of())) {
            String id = onlyInstance();
            try (BusInstance other = new BusInstance(platform, Map.of())) {
                subscribeAt(id, other, topic, receiver);
                publish(other, topic);
                Await.until("it delivers", () -> receiver.received.size() > KEYS);
                one.withoutPostgres(() -> Await.until("all came", PATIENCE, () -> all(receiver)));
                Await.until("nothing is owed", PATIENCE, () -> owed(topic) == 0);
            }
        }
    }

    @Test
    void nothingIsLostAndOrderIsKeptWhenOneOfSeveralInstancesIsKilled() throws Exception {
        String topic = platform.topic("killed");
        try (Receiver receiver = slow();
                Program killed = start()) {
            String instance = onlyInstance();
            try (BusInstance other = new BusInstance(platform, Map.of())) {
                String id = subscribeAt(instance, other, topic, receiver);
                publish(other, topic);
                Await.until("it delivers", () -> recorded(id).size() > KEYS);
                List<String> recorded = recorded(id);
                killed.kill();
                Await.until("all came", PATIENCE, () -> all(receiver));
                Await.until("nothing is owed", PATIENCE, () -> owed(topic) == 0);
                assertThat(receiver.eventIds())
                        .as("what was recorded does not come again, only what ended just before")
                        .filteredOn(recorded::contains)
                        .doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void whatEndsWhilePostgresIsAwayIsRecordedWhenItIsBack() throws Exception {
        String topic = platform.topic("away");
        CountDownLatch open = new CountDownLatch(1);
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, Map.of())) {
            receiver.behaviour =
                    request -> {
                        open.await();
                        return Reply.of(200);
                    };
            String id = subscribeAt(onlyInstance(), bus, topic, receiver);
            publish(bus, topic);
            Await.until("all are owed", PATIENCE, () -> owed(topic) == EVENTS);
            Await.until("some are under way", () -> receiver.received.size() >= KEYS);
            bus.withoutPostgres(() -> {
                open.countDown();
                Await.until("some end", () -> receiver.received.size() > 2 * KEYS);
            });
            Await.until("nothing is owed", PATIENCE, () -> owed(topic) == 0);
            assertThat(numbers(receiver)).hasSize(EVENTS).doesNotHaveDuplicates();
            assertThat(
                            count(
                                    "bus.event_deliveries WHERE is_last_attempt AND subscription_id = '"
                                            + id
                                            + "'"))
                    .isEqualTo(EVENTS);
        }
    }

    /** What came of each key, once it begins again where its successor found it, is in order. */
    private static boolean all(Receiver receiver) {
        Map<Integer, List<Integer>> byKey = new HashMap<>();
        for (int n : numbers(receiver)) {
            byKey.computeIfAbsent(n % KEYS, key -> new ArrayList<>()).add(n);
        }
        byKey.forEach((key, came) -> {
            long falls =
                    IntStream.range(1, came.size())
                            .filter(i -> came.get(i) <= came.get(i - 1))
                            .count();
            assertThat(falls).as("key %s came as %s", key, came).isLessThanOrEqualTo(1);
        });
        return numbers(receiver).stream().distinct().count() == EVENTS;
    }

    /** The events that the subscription is known to have got. */
    private static List<String> recorded(String subscription) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT event_id FROM bus.event_deliveries WHERE status = 'delivered' AND subscription_id = '"
                                        + subscription
                                        + "'")) {
            List<String> events = new ArrayList<>();
            while (row.next()) {
                events.add(row.getString(1));
            }
            return events;
        }
    }

    private static List<Integer> numbers(Receiver receiver) {
        return receiver.received.stream()
                .map(Received::json)
                .map(json -> json.path("data").path("n").asInt())
                .toList();
    }

    private static Receiver slow() {
        Receiver receiver = new Receiver();
        receiver.behaviour =
                request -> {
                    new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
                    return Reply.of(200);
                };
        return receiver;
    }

    private Program start() {
        return Program.start(
                        folder.resolve("home"),
                        List.of(),
                        System.getProperty("java.class.path"),
                        Map.of(
                                "DATABASE_URL", platform.databaseUrl(),
                                "DATABASE_USER", platform.user(),
                                "DATABASE_PASSWORD", platform.password(),
                                "JUBILEE_ROLES", "bus",
                                "JUBILEE_SECRET_KEY",
                                        Base64.getEncoder().encodeToString(new byte[32]),
                                "EVENT_BUS_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8",
                                "KAFKA_BROKERS", platform.brokers()))
                .ready();
    }

    /** One subscription that the instance delivers to. */
    private static String subscribeAt(
            String instance, BusInstance bus, String topic, Receiver receiver) {
        bus.post("operator", "/topics", "{\"name\": \"" + topic + "\", \"partitions\": 1}");
        Await.until("shards have moved", () -> shardsOf(instance) <= 8 || instances() == 1);
        AtomicReference<String> found = new AtomicReference<>("");
        Await.until(
                "one falls to it",
                PATIENCE,
                () -> {
                    Answer made =
                            bus.post(
                                    "service",
                                    "/subscriptions",
                                    """
                                    {"service_name": "s", "method": "webhook", "topic_pattern": "%s",
                                     "endpoint": "%s", "rate_limit_per_min": 0}
                                    """
                                            .formatted(topic, receiver.url()));
                    assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
                    String id = made.text("subscription_id");
                    int shard = Math.floorMod(UUID.fromString(id).hashCode(), 16);
                    if (count(
                                    "bus.delivery_shards WHERE shard = %d AND owner = '%s'"
                                            .formatted(shard, instance))
                            == 1) {
                        found.set(id);
                        return true;
                    }
                    bus.delete("service", "/subscriptions/" + id);
                    return false;
                });
        return found.get();
    }

    private static void publish(BusInstance bus, String topic) {
        List<String> events = new ArrayList<>();
        for (int n = 0; n < EVENTS; n++) {
            events.add(
                    "{\"event_type\": \"game.kill\", \"source\": \"t\", \"topic\": \"%s\", \"key\": \"k%d\", \"payload\": {\"n\": %d}}"
                            .formatted(topic, n % KEYS, n));
        }
        Answer answer =
                bus.post("service", "/events/publish/batch", "[" + String.join(",", events) + "]");
        assertThat(answer.body().path("failed").asInt(-1)).as(answer.body().toString()).isZero();
    }

    private static String onlyInstance() {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT instance_id FROM bus.delivery_instances ORDER BY seen_at DESC")) {
            assertThat(row.next()).isTrue();
            return row.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long instances() {
        return count("bus.delivery_instances");
    }

    private static long shardsOf(String instance) {
        return count("bus.delivery_shards WHERE owner = '" + instance + "'");
    }

    private static long owed(String topic) {
        return count("bus.pending_deliveries WHERE topic = '" + topic + "'");
    }

    private static long count(String what) {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM " + what)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
