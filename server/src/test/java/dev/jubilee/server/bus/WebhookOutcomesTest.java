package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What comes of deliveries, as those see it who look for it later. */
class WebhookOutcomesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final CountDownLatch released = new CountDownLatch(1);
    private final Receiver receiver = new Receiver();

    @AfterEach
    void close() {
        released.countDown();
        receiver.close();
    }

    @Test
    void whileATryIsUnderWayTheCircuitIsShownAsHalfOpen() {
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            String topic = topic(bus, "half.open");
            receiver.behaviour = request -> Reply.of(500);
            String path =
                    subscribe(
                            bus,
                            topic,
                            ", \"max_retries\": 50, \"retry_delay\": 1, \"ordering\": \"none\"");
            for (int i = 0; i < 20; i++) {
                publish(bus, topic, i);
            }
            Await.untilAsserted(
                    "it is open",
                    () -> {
                        platform.clock().advance(Duration.ofMillis(50));
                        assertThat(circuit(bus, path)).isEqualTo("open");
                    });
            int tried = receiver.received.size();
            hold();
            platform.clock().advance(Duration.ofSeconds(6));

            Await.untilAsserted(
                    "it is half open",
                    () -> {
                        platform.clock().advance(Duration.ofMillis(50));
                        assertThat(circuit(bus, path)).isEqualTo("half_open");
                    });
            Await.until("it is tried", () -> receiver.received.size() > tried);
            released.countDown();
            Await.untilAsserted(
                    "it is closed", () -> assertThat(circuit(bus, path)).isEqualTo("closed"));
        }
    }

    @Test
    void anEndpointThatDoesNotAnswerInTimeHasFailed() throws Exception {
        Map<String, String> hasty = Map.of("EVENT_BUS_WEBHOOK_TIMEOUT", "3s");
        try (BusInstance bus = new BusInstance(platform, hasty)) {
            String topic = topic(bus, "silent");
            subscribe(bus, topic, ", \"max_retries\": 0");
            // The next goes over the connection of this one: none has to be made within the time.
            String first = publish(bus, topic, 0);
            Await.until("it is recorded", () -> attempts(first) == 1);
            hold();
            String id = publish(bus, topic, 1);

            Await.untilAsserted(
                    "it is a dead letter",
                    () ->
                            assertThat(
                                            texts(
                                                    "SELECT reason FROM bus.dead_letters WHERE event_id = '"
                                                            + id
                                                            + "'"))
                                    .containsExactly("no answer within 3000 ms"));
            assertThat(
                            texts(
                                    "SELECT status_code IS NULL AND duration_ms >= 3000 FROM bus.event_deliveries"
                                            + " WHERE error_message = 'no answer within 3000 ms' AND event_id = '"
                                            + id
                                            + "'"))
                    .containsExactly("t");
        }
    }

    @Test
    void attemptsAreKeptForAsLongAsIsSaidByWholeDays() throws Exception {
        Map<String, String> brief = Map.of("EVENT_BUS_DELIVERY_RETENTION", "48h");
        String old;
        String kept;
        try (BusInstance bus = new BusInstance(platform, brief)) {
            String topic = topic(bus, "kept");
            subscribe(bus, topic, "");
            old = publish(bus, topic, 1);
            Await.until("it is recorded", () -> attempts(old) == 1);
            platform.clock().advance(Duration.ofDays(2));
            kept = publish(bus, topic, 2);
            Await.until("it is recorded", () -> attempts(kept) == 1);
            assertThat(attempts(old)).isEqualTo(1);
        }
        platform.clock().advance(Duration.ofDays(1));
        try (BusInstance _ = new BusInstance(platform, brief)) {
            Await.until("the day is dropped", () -> attempts(old) == 0);
            assertThat(attempts(kept)).isEqualTo(1);
        }
    }

    @Test
    void aSubscriptionThatStartsAtATimeGetsWhatWasPublishedSince() {
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            String topic = topic(bus, "since");
            publish(bus, topic, 1);
            // Kafka notes when it got an event, by the machine's clock.
            InstantSource machine = InstantSource.system();
            Instant since = machine.instant().plusMillis(5);
            Await.until("it is later", () -> machine.instant().isAfter(since));
            String second = publish(bus, topic, 2);
            String third = publish(bus, topic, 3);
            subscribe(bus, topic, ", \"start_from\": \"" + since + "\"");
            String last = publish(bus, topic, 4);

            Await.until("the last came", () -> receiver.eventIds().contains(last));
            Await.until("three came", () -> receiver.received.size() >= 3);
            assertThat(receiver.eventIds()).containsExactlyInAnyOrder(second, third, last);
        }
    }

    /** From here on nobody is answered until that is released. */
    private void hold() {
        receiver.behaviour =
                request -> {
                    released.await();
                    return Reply.of(200);
                };
    }

    private static String topic(BusInstance bus, String name) {
        String topic = platform.topic(name);
        Answer made =
                bus.post("operator", "/topics", "{\"name\": \"" + topic + "\", \"partitions\": 1}");
        assertThat(made.status()).isEqualTo(201);
        return topic;
    }

    /** Returns the path of the subscription. */
    private String subscribe(BusInstance bus, String topic, String more) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"%s}
                        """
                                .formatted(topic, receiver.url(), more));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return "/subscriptions/" + made.text("subscription_id");
    }

    private static String publish(BusInstance bus, String topic, int n) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.x\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": %d}"
                                .formatted(topic, n));
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }

    private static String circuit(BusInstance bus, String path) {
        return bus.get("service", path).body().at("/circuit/state").asString("");
    }

    private static int attempts(String event) throws SQLException {
        return texts("SELECT 1 FROM bus.event_deliveries WHERE event_id = '" + event + "'").size();
    }

    private static List<String> texts(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            List<String> texts = new ArrayList<>();
            while (row.next()) {
                texts.add(row.getString(1));
            }
            return texts;
        }
    }
}
