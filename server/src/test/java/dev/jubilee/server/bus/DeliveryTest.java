package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.Receiver.Received;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.testing.Platform;
import java.net.http.HttpHeaders;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

// Signatures are verified by the machine's clock: first, before others move the platform's.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DeliveryTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final AtomicInteger topics = new AtomicInteger();
    private static BusInstance bus;
    private final List<Receiver> receivers = new ArrayList<>();

    @BeforeAll
    static void start() {
        platform.clock().set(InstantSource.system().instant());
        bus = new BusInstance(platform, Map.of());
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @AfterEach
    void closeReceivers() {
        receivers.forEach(Receiver::close);
    }

    @Test
    @Order(1)
    void anEventIsDeliveredSignedAndRecorded() throws Exception {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"auth_token\": \"let-me-in\"");
        String id = publish(topic, "\"payload\": {\"winner\": \"žofie\"}");

        await(receiver, 1);
        Received got = receiver.received.getFirst();
        assertThat(got.headers()).containsEntry("webhook-id", id);
        assertThat(got.headers()).containsEntry("authorization", "Bearer let-me-in");
        assertThat(got.headers()).containsEntry("content-type", "application/cloudevents+json");
        assertThat(got.json().path("type").stringValue()).isEqualTo("game.match.end");
        assertThat(got.json().path("data").path("winner").stringValue()).isEqualTo("žofie");
        verify(subscription.text("signing_secret"), got);
        assertThatThrownBy(() ->
                        verify(
                                subscription.text("signing_secret"),
                                new Received(got.path(), got.headers(), got.body() + " ")))
                .isInstanceOf(WebhookVerificationException.class);

        Await.untilAsserted(
                "the attempt is recorded and nothing is owed",
                () -> {
                    try (Connection connection = platform.connection();
                            Statement statement = connection.createStatement();
                            ResultSet row =
                                    statement.executeQuery(
                                            "SELECT * FROM bus.event_deliveries WHERE event_id = '"
                                                    + id
                                                    + "'")) {
                        assertThat(row.next()).isTrue();
                        assertThat(row.getString("subscription_id"))
                                .isEqualTo(subscription.text("subscription_id"));
                        assertThat(row.getInt("attempt_number")).isEqualTo(1);
                        assertThat(row.getString("status")).isEqualTo("delivered");
                        assertThat(row.getString("method")).isEqualTo("webhook");
                        assertThat(row.getString("response")).isEqualTo("answer 200");
                        assertThat(row.getInt("status_code")).isEqualTo(200);
                        assertThat(row.getDouble("duration_ms")).isPositive();
                        assertThat(row.getBoolean("is_last_attempt")).isTrue();
                        assertThat(row.getObject("next_retry_at")).isNull();
                    }
                    assertThat(owed(subscription)).isZero();
                });
    }

    @Test
    void whatIsWrittenWhereKafkaLostItsEndIsDeliveredToThoseWhoBeginBehind() throws Exception {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, "");
        String key = "\"key\": \"k\", \"payload\": ";
        publish(topic, key + 1);
        await(receiver, 1);
        // As if the subscription had been made a thousand events later, and Kafka had lost them.
        execute(
                """
                UPDATE platform.consumer_offsets SET next_offset = next_offset + 1000
                 WHERE consumer_group = 'delivery' AND topic = '%s';
                UPDATE bus.event_subscriptions s
                   SET starts_at = (SELECT jsonb_object_agg(t.key, (SELECT jsonb_agg(p::text::bigint + 1000)
                                      FROM jsonb_array_elements(t.value) p)) FROM jsonb_each(s.starts_at) t)
                 WHERE id = '%s'
                """
                        .formatted(topic, subscription.text("subscription_id")));
        bus.post("operator", path(subscription) + "/pause", "");
        bus.post("operator", path(subscription) + "/resume", "");
        publish(topic, key + 2);
        Await.until(
                "routing has gone back",
                () ->
                        text("SELECT count(*) FROM platform.consumer_offsets WHERE next_offset < 1000"
                                        + " AND leader_epoch IS NOT NULL AND consumer_group = 'delivery'"
                                        + " AND topic = '"
                                        + topic
                                        + "'")
                                .equals("1"));

        publish(topic, key + 3);

        await(receiver, 2);
        assertThat(payloads(receiver)).containsExactly(1, 3);
    }

    @Test
    @Order(2)
    void bothSecretsSignAfterARotation() throws Exception {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, "");
        Answer rotated = bus.post("operator", path(subscription) + "/secret/rotate", "");
        publish(topic, "\"payload\": 1");

        await(receiver, 1);
        Received got = receiver.received.getFirst();
        assertThatCode(() -> verify(subscription.text("signing_secret"), got))
                .doesNotThrowAnyException();
        assertThatCode(() -> verify(rotated.text("signing_secret"), got))
                .doesNotThrowAnyException();
        platform.clock().advance(Duration.ofHours(25));
        publish(topic, "\"payload\": 2");
        await(receiver, 2);
        assertThat(receiver.received.getLast().headers().get("webhook-signature"))
                .doesNotContain(" ");
        platform.clock().set(InstantSource.system().instant());
    }

    @Test
    void onlyWhatMatchesIsDelivered() {
        String topic = topic();
        Receiver receiver = receiver();
        subscribe(
                topic,
                receiver,
                ", \"event_types\": [\"game.kill\", \"game.match.*\"],"
                        + " \"filter\": {\"data\": {\"weapon\": [\"bow\"], \"distance\": [{\"numeric\": [\">\", 100]}]}}");
        publishTyped(topic, "game.kill", "{\"weapon\":\"bow\",\"distance\":50}");
        publishTyped(topic, "game.kill", "{\"weapon\":\"axe\",\"distance\":500}");
        publishTyped(topic, "game.death", "{\"weapon\":\"bow\",\"distance\":500}");
        String one = publishTyped(topic, "game.kill", "{\"weapon\":\"bow\",\"distance\":500}");
        String two = publishTyped(topic, "game.match.end", "{\"weapon\":\"bow\",\"distance\":101}");

        await(receiver, 2);
        assertThat(receiver.eventIds()).containsExactlyInAnyOrder(one, two);
    }

    @Test
    void whatWasPublishedBeforeIsNotForANewSubscription() {
        String topic = topic();
        Receiver witness = receiver();
        subscribe(topic, witness, "");
        publish(topic, "\"payload\": 1");
        Receiver receiver = receiver();
        subscribe(topic, receiver, "");
        String after = publish(topic, "\"payload\": 2");

        await(witness, 2);
        await(receiver, 1);
        assertThat(receiver.eventIds()).containsExactly(after);
    }

    @Test
    void aSubscriptionThatStartsAtTheBeginningGetsEverythingInOrderAndOnce() {
        String topic = topic();
        Receiver witness = receiver();
        subscribe(topic, witness, ", \"rate_limit_per_min\": 0");
        int n = 0;
        for (; n < 60; n++) {
            publish(topic, "\"key\": \"k" + n % 3 + "\", \"payload\": " + n);
        }
        Receiver receiver = receiver();
        subscribe(topic, receiver, ", \"start_from\": \"beginning\", \"rate_limit_per_min\": 0");
        for (; n < 160; n++) {
            publish(topic, "\"key\": \"k" + n % 3 + "\", \"payload\": " + n);
        }

        await(receiver, n);
        Map<Integer, Integer> last = new HashMap<>();
        for (int payload : payloads(receiver)) {
            assertThat(payload).isGreaterThan(last.getOrDefault(payload % 3, -1));
            last.put(payload % 3, payload);
        }
        assertThat(receiver.received).hasSize(n);
    }

    @Test
    void aSubscriptionThatIsRewoundGetsWhatItHadOnceMore() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, "");
        String first = publish(topic, "\"key\": \"a\", \"payload\": 1");
        await(receiver, 1);
        // Kafka finds a time by its own clock, when it took a record.
        String since = Instant.now().toString();
        String second = publish(topic, "\"key\": \"a\", \"payload\": 2");
        await(receiver, 2);
        assertThat(
                        bus.post("operator", path(subscription) + "/rewind", "{\"to\": \"soon\"}")
                                .status())
                .isEqualTo(422);

        bus.post("operator", path(subscription) + "/rewind", "{\"to\": \"beginning\"}");
        await(receiver, 4);
        bus.post("operator", path(subscription) + "/rewind", "{\"to\": \"" + since + "\"}");
        await(receiver, 5);
        String third = publish(topic, "\"key\": \"a\", \"payload\": 3");
        await(receiver, 6);
        assertThat(receiver.eventIds())
                .containsExactly(first, second, first, second, second, third);
    }

    /** Routing heeds the old start until the new one stands, and may go past what comes by then. */
    @Test
    void whatComesWhileASubscriptionIsRewoundInAnEmptyTopicIsNotLost() throws Exception {
        String topic = topic();
        Receiver witness = receiver();
        subscribe(topic, witness, "");
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, "");
        bus.post("operator", path(subscription) + "/pause", "");
        CompletableFuture<Answer> rewound;
        try (Connection holding = platform.connection();
                Statement statement = holding.createStatement()) {
            holding.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM bus.event_subscriptions WHERE subscription_id = '"
                            + subscription.text("subscription_id")
                            + "' FOR NO KEY UPDATE");
            rewound =
                    CompletableFuture.supplyAsync(() ->
                            bus.post(
                                    "operator",
                                    path(subscription) + "/rewind",
                                    "{\"to\": \"beginning\"}"));
            Await.until(
                    "it knows where the topic ends, and waits",
                    DeliveryTest::somebodyWaitsForALock);
            publish(topic, "\"payload\": 1");
            await(witness, 1);
            holding.rollback();
        }
        assertThat(rewound).succeedsWithin(Duration.ofMinutes(2));

        bus.post("operator", path(subscription) + "/resume", "");
        await(receiver, 1);
        assertThat(payloads(receiver)).containsExactly(1);
    }

    @Test
    void aTopicThatIsMadeLaterIsPickedUpFromItsBeginning() {
        String family = "later" + topics.incrementAndGet();
        Receiver receiver = receiver();
        subscribe(platform.topic(family + ".*"), receiver, "");
        String topic = platform.topic(family + ".made");
        assertThat(bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}").status())
                .isEqualTo(201);
        String id = publish(topic, "\"payload\": 1");

        await(receiver, 1);
        assertThat(receiver.eventIds()).containsExactly(id);
    }

    @Test
    void aFailureIsTriedAgainByThePolicyAndThenGivenUp() {
        String topic = topic();
        Receiver receiver = receiver();
        receiver.behaviour = request -> Reply.of(500);
        Answer subscription =
                subscribe(topic, receiver, ", \"max_retries\": 2, \"retry_policy\": [5, 60]");
        String id = publish(topic, "\"payload\": 1");

        await(receiver, 1);
        Await.untilAsserted(
                "the retry is planned",
                () ->
                        assertThat(
                                        text(
                                                "SELECT (next_retry_at - delivered_at)::text FROM bus.event_deliveries WHERE event_id = '"
                                                        + id
                                                        + "'"))
                                .isEqualTo("00:00:05"));
        platform.clock().advance(Duration.ofSeconds(6));
        awaitFailures(subscription, 2);
        platform.clock().advance(Duration.ofSeconds(61));
        await(receiver, 3);

        Await.untilAsserted(
                "it is a dead letter",
                () -> {
                    assertThat(owed(subscription)).isZero();
                    assertThat(
                                    text(
                                            "SELECT reason || ' ' || attempts FROM bus.dead_letters WHERE event_id = '"
                                                    + id
                                                    + "'"))
                            .isEqualTo("the endpoint answered 500 3");
                });
        assertThat(receiver.eventIds()).containsOnly(id);
        assertThat(receiver.received.stream().map(one -> one.headers().get("webhook-id")))
                .containsOnly(id);
    }

    @Test
    void eventsOfAKeyWaitForTheOneThatFailsAndOthersDoNot() {
        String topic = topic();
        Receiver receiver = receiver();
        AtomicInteger failures = new AtomicInteger();
        receiver.behaviour =
                request ->
                        request.json().path("data").asInt(0) == 1 && failures.getAndIncrement() == 0
                                ? Reply.of(500)
                                : Reply.of(200);
        Answer subscription = subscribe(topic, receiver, ", \"retry_delay\": 30");
        publish(topic, "\"key\": \"ann\", \"payload\": 1");
        publish(topic, "\"key\": \"ann\", \"payload\": 2");
        publish(topic, "\"key\": \"bob\", \"payload\": 3");

        Await.untilAsserted("bob's came through", () -> assertThat(payloads(receiver)).contains(3));
        awaitFailures(subscription, 1);
        assertThat(payloads(receiver)).doesNotContain(2);
        platform.clock().advance(Duration.ofSeconds(31));
        Await.untilAsserted(
                "ann's came in order",
                () ->
                        assertThat(payloads(receiver).stream().filter(n -> n < 3).toList())
                                .containsExactly(1, 1, 2));
    }

    @Test
    void oneEndpointThatHangsDelaysNoOther() {
        String topic = topic();
        Receiver hanging = receiver();
        CountDownLatch never = new CountDownLatch(1);
        hanging.behaviour =
                request -> {
                    never.await();
                    return Reply.of(200);
                };
        Receiver fine = receiver();
        subscribe(topic, hanging, "");
        subscribe(topic, fine, "");
        for (int i = 0; i < 50; i++) {
            publish(topic, "\"key\": \"k" + i + "\", \"payload\": " + i);
        }

        await(fine, 50);
        assertThat(hanging.received.size()).isLessThanOrEqualTo(10);
        never.countDown();
    }

    @Test
    void theCircuitOpensAndOneTryClosesIt() {
        String topic = topic();
        Receiver receiver = receiver();
        receiver.behaviour = request -> Reply.of(500);
        Answer subscription =
                subscribe(
                        topic,
                        receiver,
                        ", \"max_retries\": 50, \"retry_delay\": 1, \"ordering\": \"none\"");
        for (int i = 0; i < 20; i++) {
            publish(topic, "\"payload\": " + i);
        }
        Await.untilAsserted(
                "it is open",
                () -> {
                    platform.clock().advance(Duration.ofMillis(50));
                    assertThat(circuit(subscription)).isEqualTo("open");
                });
        int tried = receiver.received.size();
        assertThat(tried).isBetween(10, 20);

        receiver.behaviour = request -> Reply.of(200);
        platform.clock().advance(Duration.ofSeconds(6));
        Await.untilAsserted(
                "all came through and it is closed",
                () -> {
                    platform.clock().advance(Duration.ofMillis(50));
                    assertThat(owed(subscription)).isZero();
                    assertThat(circuit(subscription)).isEqualTo("closed");
                });
    }

    @Test
    void anotherEndpointDoesNotPayForTheOneBefore() {
        String topic = topic();
        Receiver broken = receiver();
        broken.behaviour = request -> new Reply(503, Map.of("Retry-After", "3000"), "");
        Answer subscription =
                subscribe(
                        topic,
                        broken,
                        ", \"max_retries\": 50, \"retry_delay\": 1, \"ordering\": \"none\"");
        publish(topic, "\"payload\": 0");
        awaitFailures(subscription, 1);
        Receiver fine = receiver();

        bus.patch("operator", path(subscription), "{\"endpoint\": \"" + fine.url() + "\"}");
        publish(topic, "\"payload\": 1");

        await(fine, 2);
        assertThat(payloads(fine)).containsExactlyInAnyOrder(0, 1);
    }

    /** Whoever delivers may die before it hears of the change. */
    @Test
    void whatWaitsForLaterIsDueOnceTheEndpointIsAnother() throws SQLException {
        Receiver broken = receiver();
        broken.behaviour = request -> Reply.of(500);
        String topic = topic();
        Answer subscription = subscribe(topic, broken, ", \"retry_delay\": 3600");
        publish(topic, "\"payload\": 0");
        awaitFailures(subscription, 1);
        bus.post("operator", path(subscription) + "/pause", "");
        String late =
                "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                        + subscription.text("subscription_id")
                        + "' AND due_at > '"
                        + platform.clock().instant()
                        + "'";
        assertThat(text(late)).isEqualTo("1");

        bus.patch("operator", path(subscription), "{\"retry_delay\": 1800}");
        assertThat(text(late)).as("the endpoint is the same").isEqualTo("1");
        bus.patch("operator", path(subscription), "{\"endpoint\": \"" + receiver().url() + "\"}");

        assertThat(text(late)).isEqualTo("0");
    }

    @Test
    void theCircuitOfAnotherEndpointIsClosed() {
        String topic = topic();
        Receiver broken = receiver();
        broken.behaviour = request -> Reply.of(500);
        Answer subscription = openCircuit(topic, broken);
        Receiver fine = receiver();

        bus.patch("operator", path(subscription), "{\"endpoint\": \"" + fine.url() + "\"}");
        publish(topic, "\"payload\": 100");

        await(fine, 1);
        Await.untilAsserted(
                "it is shown", () -> assertThat(circuit(subscription)).isEqualTo("closed"));
    }

    @Test
    void aRewindClosesTheCircuit() {
        String topic = topic();
        Receiver receiver = receiver();
        receiver.behaviour = request -> Reply.of(500);
        Answer subscription = openCircuit(topic, receiver);
        receiver.behaviour = request -> Reply.of(200);

        bus.post("operator", path(subscription) + "/rewind", "{\"to\": \"now\"}");

        Await.untilAsserted(
                "it is shown", () -> assertThat(circuit(subscription)).isEqualTo("closed"));
        int tried = receiver.received.size();
        publish(topic, "\"payload\": 100");
        await(receiver, tried + 1);
        assertThat(circuit(subscription)).isEqualTo("closed");
    }

    @Test
    void aRewindIsNoWayAroundTheRate() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"rate_limit_per_min\": 5");
        for (int i = 0; i < 5; i++) {
            publish(topic, "\"key\": \"k\", \"payload\": " + i);
        }
        await(receiver, 5);
        Receiver witness = receiver();
        subscribe(topic, witness, "");

        bus.post("operator", path(subscription) + "/rewind", "{\"to\": \"beginning\"}");
        Await.untilAsserted("all is owed again", () -> assertThat(owed(subscription)).isEqualTo(5));
        publish(topic, "\"key\": \"k\", \"payload\": 5");
        await(witness, 1);
        Await.untilAsserted("that too", () -> assertThat(owed(subscription)).isEqualTo(6));
        assertThat(receiver.received).hasSize(5);

        platform.clock().advance(Duration.ofSeconds(62));
        await(receiver, 10);
        assertThat(payloads(receiver)).containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3, 4);
    }

    @Test
    void aRewindIsNoWayAroundARest() {
        String topic = topic();
        Receiver receiver = receiver();
        receiver.behaviour = request -> new Reply(429, Map.of("Retry-After", "120"), "");
        Answer subscription = subscribe(topic, receiver, "");
        publish(topic, "\"payload\": 1");
        awaitFailures(subscription, 1);
        receiver.behaviour = request -> Reply.of(200);
        Receiver witness = receiver();
        subscribe(topic, witness, "");

        bus.post("operator", path(subscription) + "/rewind", "{\"to\": \"now\"}");
        publish(topic, "\"payload\": 2");
        await(witness, 1);
        assertThat(receiver.received).hasSize(1);

        platform.clock().advance(Duration.ofSeconds(121));
        await(receiver, 2);
    }

    private static Answer openCircuit(String topic, Receiver receiver) {
        Answer subscription =
                subscribe(
                        topic,
                        receiver,
                        ", \"max_retries\": 50, \"retry_delay\": 60, \"ordering\": \"none\"");
        for (int i = 0; i < 20; i++) {
            publish(topic, "\"payload\": " + i);
        }
        Await.untilAsserted(
                "it is open", () -> assertThat(circuit(subscription)).isEqualTo("open"));
        return subscription;
    }

    @Test
    void anEndpointThatIsGoneIsNotCalledAgain() {
        String topic = topic();
        Receiver receiver = receiver();
        receiver.behaviour = request -> Reply.of(410);
        Answer subscription = subscribe(topic, receiver, "");
        publish(topic, "\"payload\": 1");

        Await.untilAsserted(
                "it is disabled",
                () ->
                        assertThat(bus.get("service", path(subscription)).text("status"))
                                .isEqualTo("disabled"));
        assertThat(receiver.received).hasSize(1);
        receiver.behaviour = request -> Reply.of(200);
        assertThat(bus.post("operator", path(subscription) + "/resume", "").text("status"))
                .isEqualTo("active");
        Await.untilAsserted(
                "what was kept is delivered", () -> assertThat(owed(subscription)).isZero());
    }

    @Test
    void anEndpointThatIsGoneIsLeftAloneAlsoUntilThatIsWritten() throws Exception {
        String topic = topic();
        Receiver receiver = receiver();
        receiver.behaviour = request -> Reply.of(410);
        Answer subscription = subscribe(topic, receiver, ", \"ordering\": \"none\"");
        Receiver witness = receiver();
        subscribe(topic, witness, "");
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM bus.event_subscriptions WHERE subscription_id = '"
                            + subscription.text("subscription_id")
                            + "' FOR NO KEY UPDATE");
            publish(topic, "\"payload\": 1");
            await(receiver, 1);
            await(witness, 1);
            Await.until("that is to be written", DeliveryTest::somebodyWaitsForALock);
            publish(topic, "\"payload\": 2");
            await(witness, 2);
            assertThat(receiver.received).hasSize(1);
            connection.rollback();
        }
        Await.untilAsserted(
                "it is disabled",
                () ->
                        assertThat(bus.get("service", path(subscription)).text("status"))
                                .isEqualTo("disabled"));
        assertThat(receiver.received).hasSize(1);
    }

    @Test
    void anEndpointThatIsGoneStopsNoSubscriptionThatLeadsElsewhereByThen() throws Exception {
        String topic = topic();
        Receiver gone = receiver();
        gone.behaviour = request -> Reply.of(410);
        Answer subscription = subscribe(topic, gone, "");
        Receiver next = receiver();
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            String id = subscription.text("subscription_id");
            String mine = " WHERE subscription_id = '" + id + "'";
            statement.execute("SELECT FROM bus.event_subscriptions" + mine + " FOR NO KEY UPDATE");
            publish(topic, "\"payload\": 1");
            await(gone, 1);
            statement.execute(
                    "UPDATE bus.event_subscriptions SET endpoint = '"
                            + next.url()
                            + "', updated_at = now()"
                            + mine);
            statement.execute("UPDATE bus.subscription_version SET version = version + 1");
            connection.commit();
        }
        await(next, 1);
        assertThat(bus.get("service", path(subscription)).text("status")).isEqualTo("active");
        assertThat(gone.received).hasSize(1);
    }

    @Test
    void anEndpointThatAsksToWaitIsLeftAlone() {
        String topic = topic();
        Receiver receiver = receiver();
        AtomicInteger requests = new AtomicInteger();
        receiver.behaviour =
                request ->
                        requests.getAndIncrement() == 0
                                ? new Reply(429, Map.of("Retry-After", "120"), "")
                                : Reply.of(200);
        Answer subscription =
                subscribe(topic, receiver, ", \"retry_delay\": 0, \"ordering\": \"none\"");
        publish(topic, "\"payload\": 1");
        awaitFailures(subscription, 1);
        platform.clock().advance(Duration.ofSeconds(100));
        publish(topic, "\"payload\": 2");
        Receiver witness = receiver();
        subscribe(topic, witness, "");
        publish(topic, "\"payload\": 3");
        await(witness, 1);
        assertThat(receiver.received).hasSize(1);

        platform.clock().advance(Duration.ofSeconds(21));
        await(receiver, 4);
    }

    /** Clients differ in which of them they follow with a POST; 303 asks for a GET. */
    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectsAreNotFollowed(int status) {
        String topic = topic();
        Receiver elsewhere = receiver();
        Receiver receiver = receiver();
        receiver.behaviour = request -> new Reply(status, Map.of("Location", elsewhere.url()), "");
        subscribe(topic, receiver, ", \"max_retries\": 0");
        String id = publish(topic, "\"payload\": 1");

        Await.untilAsserted(
                "it is given up",
                () ->
                        assertThat(
                                        text(
                                                "SELECT reason FROM bus.dead_letters WHERE event_id = '"
                                                        + id
                                                        + "'"))
                                .contains("redirect"));
        assertThat(elsewhere.received).isEmpty();
    }

    @Test
    void anAddressThatIsNotAllowedIsNeverConnectedTo() throws Exception {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"max_retries\": 0");
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            // As if the name had pointed elsewhere when it was saved.
            statement.executeUpdate(
                    "UPDATE bus.event_subscriptions SET endpoint = 'http://10.255.255.1:81/x' WHERE subscription_id = '"
                            + subscription.text("subscription_id")
                            + "'");
        }
        bus.patch("operator", path(subscription), "{\"service_name\": \"moved\"}");
        String id = publish(topic, "\"payload\": 1");

        Await.untilAsserted(
                "it is given up",
                () ->
                        assertThat(
                                        text(
                                                "SELECT reason FROM bus.dead_letters WHERE event_id = '"
                                                        + id
                                                        + "'"))
                                .contains("EVENT_BUS_WEBHOOK_ALLOWED_NETWORKS"));
    }

    @Test
    void aPausedSubscriptionGetsEverythingWhenItIsResumed() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, "");
        bus.post("operator", path(subscription) + "/pause", "");
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            ids.add(publish(topic, "\"key\": \"one\", \"payload\": " + i));
        }
        Await.untilAsserted("all are owed", () -> assertThat(owed(subscription)).isEqualTo(10));
        assertThat(receiver.received).isEmpty();
        bus.post("operator", path(subscription) + "/resume", "");

        await(receiver, 10);
        assertThat(receiver.eventIds()).containsExactlyElementsOf(ids);
    }

    @Test
    void batchesHoldSeveralEvents() {
        String topic = topic();
        Receiver receiver = receiver();
        subscribe(
                topic,
                receiver,
                ", \"enable_batching\": true, \"batch_size\": 10, \"batch_window_ms\": 60000");
        for (int i = 0; i < 25; i++) {
            publish(topic, "\"payload\": " + i);
        }

        await(receiver, 2);
        assertThat(receiver.received).allMatch(one -> one.json().size() == 10);
        assertThat(receiver.received.getFirst().headers())
                .containsEntry("content-type", "application/cloudevents-batch+json");
        Await.untilAsserted(
                "the rest left when its window had passed",
                () -> {
                    // The window begins when the first of the rest arrives, a moment nobody sees.
                    platform.clock().advance(Duration.ofSeconds(61));
                    assertThat(receiver.received.stream().mapToInt(one -> one.json().size()).sum())
                            .isEqualTo(25);
                });
        assertThat(receiver.received.getLast().json()).hasSizeLessThan(10);
    }

    @Test
    void batchesHoldTheEventsOfOneKeyInOrder() {
        String topic = topic();
        Receiver receiver = receiver();
        subscribe(
                topic,
                receiver,
                ", \"enable_batching\": true, \"batch_size\": 20, \"batch_window_ms\": 60000");
        for (int i = 0; i < 60; i++) {
            publish(topic, "\"key\": \"k\", \"payload\": " + i);
        }

        await(receiver, 3);
        List<Integer> payloads = new ArrayList<>();
        receiver.received.forEach(
                batch -> batch.json().forEach(event -> payloads.add(event.path("data").asInt(-1))));
        assertThat(payloads).containsExactlyElementsOf(IntStream.range(0, 60).boxed().toList());
    }

    @Test
    void noMoreThanTheRateIsSentInAnyMinute() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"rate_limit_per_min\": 5");
        Receiver witness = receiver();
        subscribe(topic, witness, "");
        for (int i = 0; i < 13; i++) {
            publish(topic, "\"payload\": " + i);
        }
        for (int minute = 1; minute <= 3; minute++) {
            int allowed = 5 * minute;
            await(receiver, allowed);
            // What comes and goes meanwhile took as long as one too many would have.
            publish(topic, "\"payload\": 0");
            await(witness, 13 + minute);
            assertThat(receiver.received).hasSize(allowed);
            platform.clock().advance(Duration.ofSeconds(62));
        }
        Await.untilAsserted("none is owed", () -> assertThat(owed(subscription)).isZero());
    }

    @Test
    void aBacklogThatDoesNotFitInMemoryKeepsItsOrder() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"rate_limit_per_min\": 0");
        bus.post("operator", path(subscription) + "/pause", "");
        int events = 2_500;
        publishMany(topic, events);
        bus.post("operator", path(subscription) + "/resume", "");

        await(receiver, events);
        Map<Integer, Integer> last = new HashMap<>();
        for (int payload : payloads(receiver)) {
            assertThat(payload).isGreaterThan(last.getOrDefault(payload % 3, -1));
            last.put(payload % 3, payload);
        }
        assertThat(receiver.received).hasSize(events);
    }

    @Test
    void highPriorityGoesBeforeABacklogThatDoesNotFitInMemoryButNotBeforeItsKeysElders() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"rate_limit_per_min\": 0");
        bus.post("operator", path(subscription) + "/pause", "");
        int events = 2_500;
        publishMany(topic, events);
        String late = publish(topic, "\"key\": \"k1\", \"priority\": \"high\", \"payload\": 1");
        String urgent =
                publish(topic, "\"key\": \"urgent\", \"priority\": \"high\", \"payload\": 2");
        Await.untilAsserted("all wait", () -> assertThat(owed(subscription)).isEqualTo(events + 2));
        bus.post("operator", path(subscription) + "/resume", "");

        await(receiver, events + 2);
        assertThat(receiver.eventIds().indexOf(urgent)).isBetween(0, 1_500);
        assertThat(receiver.eventIds().indexOf(late))
                .as("behind all of its key")
                .isGreaterThan(payloads(receiver).indexOf(2_497));
    }

    private static void publishMany(String topic, int events) {
        for (int from = 0; from < events; from += 500) {
            StringBuilder items = new StringBuilder();
            for (int i = from; i < from + 500; i++) {
                items.append(i == from ? "" : ",")
                        .append(
                                "{\"event_type\":\"game.match.end\",\"topic\":\"%s\",\"source\":\"t\",\"key\":\"k%d\",\"payload\":%d}"
                                        .formatted(topic, i % 3, i));
            }
            assertThat(bus.post("service", "/events/publish/batch", "[" + items + "]").status())
                    .isEqualTo(200);
        }
    }

    @Test
    void anInstanceThatEndsAndOneThatJoinsLoseNothingAndKeepOrder() {
        String topic = topic();
        Receiver receiver = receiver();
        Answer subscription = subscribe(topic, receiver, ", \"rate_limit_per_min\": 0");
        AtomicInteger n = new AtomicInteger();
        for (int round = 0; round < 3; round++) {
            BusInstance second = new BusInstance(platform, Map.of());
            Await.until(
                    "half of the shards moves",
                    () -> {
                        publishNext(topic, n);
                        return text("SELECT count(DISTINCT owner) FROM bus.delivery_shards")
                                .equals("2");
                    });
            for (int i = 0; i < 60; i++) {
                publishNext(topic, n);
            }
            second.close();
            for (int i = 0; i < 20; i++) {
                publishNext(topic, n);
            }
        }
        Await.untilAsserted("nothing is owed", () -> assertThat(owed(subscription)).isZero());
        int events = n.get();
        Await.untilAsserted(
                "all came",
                () -> assertThat(payloads(receiver).stream().distinct()).hasSize(events));
        // A successor may begin with what came and was not recorded.
        Map<Integer, Integer> last = new HashMap<>();
        for (int payload : payloads(receiver).stream().distinct().toList()) {
            assertThat(payload).isGreaterThan(last.getOrDefault(payload % 5, -1));
            last.put(payload % 5, payload);
        }
    }

    private static void publishNext(String topic, AtomicInteger n) {
        int next = n.getAndIncrement();
        publish(topic, "\"key\": \"k" + next % 5 + "\", \"payload\": " + next);
    }

    private static void verify(String secret, Received got) throws Exception {
        Map<String, List<String>> headers = new HashMap<>();
        got.headers().forEach((name, value) -> headers.put(name, List.of(value)));
        new Webhook(secret).verify(got.body(), HttpHeaders.of(headers, (a, b) -> true));
    }

    private static List<Integer> payloads(Receiver receiver) {
        return receiver.received.stream().map(one -> one.json().path("data").asInt(-1)).toList();
    }

    private Receiver receiver() {
        Receiver receiver = new Receiver();
        receivers.add(receiver);
        return receiver;
    }

    private static String topic() {
        String name = platform.topic("delivery." + topics.incrementAndGet());
        assertThat(bus.post("operator", "/topics", "{\"name\":\"" + name + "\"}").status())
                .isEqualTo(201);
        return name;
    }

    private static Answer subscribe(String pattern, Receiver receiver, String more) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"webhook\", \"topic_pattern\": \""
                                + pattern
                                + "\", \"endpoint\": \""
                                + receiver.url()
                                + "\""
                                + more
                                + "}");
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return made;
    }

    private static String publish(String topic, String more) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.match.end\", \"source\": \"t\", \"topic\": \""
                                + topic
                                + "\", "
                                + more
                                + "}");
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }

    private static String publishTyped(String topic, String type, String payload) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"%s\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": %s}"
                                .formatted(type, topic, payload));
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }

    private static void await(Receiver receiver, int requests) {
        Await.until(requests + " requests", () -> receiver.received.size() >= requests);
    }

    /** Waits until so many failed attempts are written: their retries are planned by now. */
    private static void awaitFailures(Answer subscription, int attempts) {
        Await.untilAsserted(
                attempts + " failures are written",
                () ->
                        assertThat(
                                        text(
                                                "SELECT count(*) FROM bus.event_deliveries WHERE status <> 'delivered' AND subscription_id = '"
                                                        + subscription.text("subscription_id")
                                                        + "'"))
                                .isEqualTo(Integer.toString(attempts)));
    }

    private static boolean somebodyWaitsForALock() throws SQLException {
        return !text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
        """)
                .equals("0");
    }

    private static String path(Answer subscription) {
        return "/subscriptions/" + subscription.text("subscription_id");
    }

    private static String circuit(Answer subscription) {
        return bus.get("service", path(subscription))
                .body()
                .path("circuit")
                .path("state")
                .asString("");
    }

    private static long owed(Answer subscription) throws SQLException {
        return Long.parseLong(
                text(
                        "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                                + subscription.text("subscription_id")
                                + "'"));
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }
}
