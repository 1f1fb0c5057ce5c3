package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Topics that not everybody may have delivered. */
class ClosedTopicsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static BusInstance bus;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @Test
    void whoMayNotSubscribeToATopicIsRefusedWhenItNamesIt() {
        String closed = closedTopic("named");
        assertThat(subscribe("service", closed, "sse").status()).isEqualTo(403);
        grant(closed, "key-service", "read");
        assertThat(subscribe("service", closed, "sse").status()).isEqualTo(403);
        grant(closed, "key-service", "subscribe");
        Answer made = subscribe("service", closed, "sse");
        assertThat(made.status()).isEqualTo(201);
        assertThat(subscribe("service:other", closed, "sse").status()).isEqualTo(403);
        Answer open = subscribe("service:other", platform.topic("anything"), "sse");
        Answer changed =
                bus.patch(
                        "service:other",
                        "/subscriptions/" + open.text("subscription_id"),
                        "{\"topic_pattern\": \"" + closed + "\"}");
        assertThat(changed.status()).isEqualTo(403);
    }

    @Test
    void noOtherServiceLeadsASubscriptionToItself() {
        try (Receiver receiver = new Receiver()) {
            Answer made =
                    bus.post(
                            "admin",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                            """
                                    .formatted(platform.topic("led.*"), receiver.url()));
            assertThat(made.status()).isEqualTo(201);
            String path = "/subscriptions/" + made.text("subscription_id");
            String change = "{\"endpoint\": \"" + receiver.url() + "\"}";

            assertThat(bus.patch("service", path, change).status()).isEqualTo(403);
            assertThat(bus.post("service", path + "/rewind", "{\"to\": \"now\"}").status())
                    .isEqualTo(403);
            assertThat(bus.post("service", path + "/secret/rotate", "").status()).isEqualTo(403);
            assertThat(bus.patch("operator", path, change).status()).isEqualTo(200);
        }
    }

    @Test
    void whoMayNotTakeEventsOfATopicDoesNotSeeThemAsDeadLetters() {
        String closed = closedTopic("dead");
        try (Receiver receiver = new Receiver()) {
            receiver.behaviour = request -> Receiver.Reply.of(400);
            Answer made =
                    bus.post(
                            "admin",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                             "max_retries": 0}
                            """
                                    .formatted(closed, receiver.url()));
            String letters = "/subscriptions/" + made.text("subscription_id") + "/dead-letters";
            publish(closed);
            Await.until(
                    "it is dead",
                    () -> bus.get("admin", letters).body().path("total").asInt(0) == 1);
            String letter =
                    letters
                            + "/"
                            + bus.get("admin", letters)
                                    .body()
                                    .at("/dead_letters/0/dead_letter_id")
                                    .stringValue();

            assertThat(bus.get("operator", letter).status()).isEqualTo(403);
            assertThat(bus.patch("operator", letter, "{\"data\": {\"n\": 2}}").status())
                    .isEqualTo(403);
            assertThat(letters(letters).get("dead_letters")).isEmpty();
            assertThat(letters(letters).get("total").intValue()).isZero();
            grant(closed, "key-operator", "subscribe");
            assertThat(bus.get("operator", letter).status()).isEqualTo(200);
            assertThat(letters(letters).get("dead_letters")).hasSize(1);
            assertThat(letters(letters).get("total").intValue()).isEqualTo(1);
            assertThat(bus.get("admin", letter).status()).isEqualTo(200);
        }
    }

    private static JsonNode letters(String path) {
        return bus.get("operator", path).body();
    }

    /** They are handed what is routed here, and do not look for it in PostgreSQL. */
    @Test
    void aTopicThatIsClosedElsewhereTakesNothingFromStreams() throws Exception {
        closedTopic("elsewhere");
        String topic = platform.topic("open");
        assertThat(bus.post("operator", "/topics", "{\"name\": \"" + topic + "\"}").status())
                .isEqualTo(201);
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"sse\", \"topic_pattern\": \""
                                + topic
                                + "\"}");
        String path = "/subscriptions/" + made.text("subscription_id");
        execute(
                """
                CREATE TABLE handed_over (event_id text);
                CREATE FUNCTION note_handed_over() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO handed_over VALUES (NEW.event_id);
                    RETURN NULL;
                END $$;
                CREATE TRIGGER handed_over AFTER INSERT ON bus.pending_deliveries FOR EACH ROW
                    WHEN (NEW.taken AND NEW.subscription_id = '%s') EXECUTE FUNCTION note_handed_over()
                """
                        .formatted(made.text("subscription_id")));
        HttpRequest stream =
                HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + bus.port() + path + "/stream"))
                        .header("Authorization", "Bearer service")
                        .build();
        HttpClient client = HttpClient.newHttpClient();
        try (InputStream open =
                client.send(stream, HttpResponse.BodyHandlers.ofInputStream()).body()) {
            assertThat(open).isNotNull();
            Await.until(
                    "one is handed over",
                    () -> {
                        publish(topic);
                        return count("SELECT count(*) FROM handed_over") > 0;
                    });
        } finally {
            execute("DROP TRIGGER handed_over ON bus.pending_deliveries");
        }
    }

    @Test
    void whatAProtectedTopicHeldStaysClosedWhenTheTopicIsDeleted() {
        String closed = closedTopic("deleted");
        grant(closed, "key-service", "subscribe");
        try (Receiver receiver = new Receiver()) {
            Answer webhook =
                    bus.post(
                            "service",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                            """
                                    .formatted(closed, receiver.url()));
            String path = "/subscriptions/" + webhook.text("subscription_id");
            bus.post("service", path + "/pause", "");
            String id = publish(closed);
            Await.until("it is owed", () -> owed(webhook) == 1);
            assertThat(bus.get("operator", "/events/" + id + "/trace").status()).isEqualTo(404);

            delete("operator", closed);

            assertThat(found("admin", closed)).hasSize(1);
            for (String who : List.of("operator", "service")) {
                assertThat(found(who, closed)).as(who).isEmpty();
                assertThat(bus.get(who, "/events/" + id + "/trace").status()).isEqualTo(404);
                assertThat(bus.get(who, "/events/" + id + "/deliveries").status()).isEqualTo(404);
            }
            assertThat(replay("operator", closed).status()).isEqualTo(403);
            assertThat(replay("admin", closed).status()).isEqualTo(202);
            // A new instance: nothing of it is in any memory.
            forget();
            bus.post("service", path + "/resume", "");
            assertThat(openSubscriptionGets()).isNotEmpty();
            assertThat(receiver.received).isEmpty();
            assertThat(owed(webhook)).isEqualTo(1);
        }
    }

    @Test
    void theNameOfAProtectedTopicIsMadeAgainProtectedOrNotAtAll() {
        String closed = closedTopic("made.again");
        publish(closed);
        assertThat(found("admin", closed)).hasSize(1);
        delete("operator", closed);
        String open = "{\"name\": \"" + closed + "\", \"partitions\": 1}";

        for (String who : List.of("operator", "admin")) {
            Answer refused = bus.post(who, "/topics", open);
            assertThat(refused.status()).as(who).isEqualTo(409);
            assertThat(refused.text("code")).isEqualTo("topic_was_protected");
        }
        Answer made =
                bus.post("operator", "/topics", open.replace("1}", "1, \"requires_auth\": true}"));
        assertThat(made.status()).isEqualTo(201);
        assertThat(found("operator", closed)).isEmpty();
        grant(closed, "key-operator", "read");
        assertThat(found("operator", closed)).hasSize(1);
    }

    private static JsonNode found(String who, String topic) {
        bus.awaitStore();
        return bus.get(who, "/events?topic=" + topic).body().get("events");
    }

    private static Answer replay(String who, String topic) {
        return bus.post(
                who,
                "/replay",
                "{\"topic\": \"%s\", \"start_time\": \"2020-01-01T00:00:00Z\", \"dry_run\": true}"
                        .formatted(topic));
    }

    private static void delete(String who, String topic) {
        assertThat(bus.delete(who, "/topics/" + topic + "?force=true&confirm=" + topic).status())
                .isEqualTo(204);
    }

    @Test
    void whoMayNotReadATopicDoesNotSeeWhoGotItsEventsNorWhatTheyAnswered() {
        String closed = closedTopic("who.got.it");
        String id = publish(closed);
        String path = "/events/" + id + "/deliveries";

        String state = "/events/" + id + "/status";

        assertThat(bus.get("service", path).status()).isEqualTo(404);
        assertThat(bus.get("service", state).status()).isEqualTo(404);
        assertThat(bus.get("admin", path).status()).isEqualTo(200);
        assertThat(bus.get("admin", state).status()).isEqualTo(200);
        grant(closed, "key-service", "read");
        assertThat(bus.get("service", path).status()).isEqualTo(200);
        assertThat(bus.get("service", state).status()).isEqualTo(200);
        assertThat(bus.get("admin", "/events/no-such-event/deliveries").status()).isEqualTo(404);
    }

    @Test
    void aTargetTakesEventsOnlyForThoseWhoMayPublishThere() {
        String closed = closedTopic("target");
        String body =
                """
                {"service_name": "s", "method": "kafka", "topic_pattern": "none.such", "target_topic": "%s"}
                """
                        .formatted(closed);
        assertThat(bus.post("service", "/subscriptions", body).status()).isEqualTo(403);
        grant(closed, "key-service", "publish");
        assertThat(bus.post("service", "/subscriptions", body).status()).isEqualTo(201);
    }

    @Test
    void aTargetTakesNothingWhileTheOwnersGrantIsTakenBack() {
        String closed = closedTopic("target.later");
        String source = platform.topic("target.source");
        bus.post("operator", "/topics", "{\"name\": \"" + source + "\"}");
        grant(closed, "key-service", "publish");
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "kafka", "topic_pattern": "%s", "target_topic": "%s"}
                        """
                                .formatted(source, closed));
        assertThat(made.status()).isEqualTo(201);
        revoke(closed, "key-service");
        publish(source);
        Await.until("it is owed", () -> owed(made) == 1);
        assertThat(openSubscriptionGets()).isNotEmpty();
        assertThat(owed(made)).isEqualTo(1);

        grant(closed, "key-service", "publish");

        Await.until("it is written", () -> owed(made) == 0);
    }

    @Test
    void aPatternDoesNotLeadIntoWhatItsOwnerMayNotHave() {
        String closed = closedTopic("wide.closed");
        String open = platform.topic("wide.open");
        bus.post("operator", "/topics", "{\"name\": \"" + open + "\"}");
        try (Receiver receiver = new Receiver()) {
            String pattern = platform.topic("wide.*");
            Answer webhook =
                    bus.post(
                            "service",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                            """
                                    .formatted(pattern, receiver.url()));
            assertThat(webhook.status()).isEqualTo(201);
            String secret = publish(closed);
            String plain = publish(open);
            Await.untilAsserted(
                    "the open one is delivered",
                    () -> assertThat(receiver.eventIds()).contains(plain));
            Await.until("nothing else is owed", () -> owed(webhook) == 0);
            assertThat(receiver.eventIds()).doesNotContain(secret);

            grant(closed, "key-service", "subscribe");
            String allowed = publish(closed);
            Await.untilAsserted(
                    "what is published now is delivered",
                    () -> assertThat(receiver.eventIds()).contains(allowed));
            revoke(closed, "key-service");
            String later = publish(closed);
            String last = publish(open);
            Await.untilAsserted(
                    "the open one is delivered again",
                    () -> assertThat(receiver.eventIds()).contains(last));
            assertThat(receiver.eventIds()).doesNotContain(secret, later);
        }
    }

    @Test
    void whatWasOwedBeforeAGrantWasTakenBackWaitsUntilItIsThereAgain() {
        String closed = closedTopic("taken.back");
        grant(closed, "key-service", "subscribe");
        try (Receiver receiver = new Receiver()) {
            Answer webhook =
                    bus.post(
                            "service",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                            """
                                    .formatted(closed, receiver.url()));
            String path = "/subscriptions/" + webhook.text("subscription_id");
            bus.post("service", path + "/pause", "");
            List<String> ids = List.of(publish(closed), publish(closed));
            Await.until("they are owed", () -> owed(webhook) == 2);
            revoke(closed, "key-service");
            // A new instance: nothing of it is in any memory.
            forget();
            bus.post("service", path + "/resume", "");
            String open = openSubscriptionGets();
            assertThat(open).isNotEmpty();
            assertThat(receiver.received).isEmpty();
            assertThat(owed(webhook)).isEqualTo(2);

            grant(closed, "key-service", "subscribe");

            Await.untilAsserted(
                    "they are delivered",
                    () -> assertThat(receiver.eventIds()).containsExactlyInAnyOrderElementsOf(ids));
        }
    }

    @Test
    void whatWasOwedIsDeliveredWhenTheLastClosedTopicIsOpenToAllAgain() {
        String closed = closedTopic("reopened");
        grant(closed, "key-service", "subscribe");
        try (Receiver receiver = new Receiver()) {
            Answer webhook =
                    bus.post(
                            "service",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                            """
                                    .formatted(closed, receiver.url()));
            String path = "/subscriptions/" + webhook.text("subscription_id");
            bus.post("service", path + "/pause", "");
            String id = publish(closed);
            Await.until("it is owed", () -> owed(webhook) == 1);
            revoke(closed, "key-service");
            forget();
            bus.post("service", path + "/resume", "");
            assertThat(openSubscriptionGets()).isNotEmpty();
            assertThat(receiver.received).isEmpty();

            openAllTopics();

            Await.until("it is delivered", () -> receiver.eventIds().contains(id));
        }
    }

    @Test
    void whoTakesEventsMustBeAllowedToAsWell() {
        String closed = closedTopic("pulled");
        grant(closed, "key-service", "subscribe");
        Answer made = subscribe("service", closed, "sse");
        publish(closed);
        Await.until("it is owed", () -> owed(made) == 1);
        String path = "/subscriptions/" + made.text("subscription_id") + "/pull";
        revoke(closed, "key-service");
        assertThat(bus.post("service", path, "").body().get("events")).isEmpty();
        grant(closed, "key-service", "subscribe");
        Await.untilAsserted(
                "it is taken",
                () ->
                        assertThat(
                                        bus.post("service", path, "{\"wait_ms\": 5000}")
                                                .body()
                                                .get("events"))
                                .hasSize(1));
    }

    @Test
    void aTraceTellsToWhomAnEventWasDelivered() {
        String topic = platform.topic("traced");
        bus.post("operator", "/topics", "{\"name\": \"" + topic + "\"}");
        try (Receiver receiver = new Receiver()) {
            Answer webhook =
                    bus.post(
                            "service",
                            "/subscriptions",
                            """
                            {"service_name": "tracer", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                            """
                                    .formatted(topic, receiver.url()));
            receiver.behaviour =
                    request ->
                            Receiver.Reply.of(
                                    request.json().at("/data/n").asInt(0) == 1 ? 200 : 410);
            String id = publish(topic);
            Await.untilAsserted(
                    "it is delivered",
                    () ->
                            assertThat(steps(id))
                                    .containsExactly("published", "stored", "delivered"));
            JsonNode step =
                    bus.get("service", "/events/" + id + "/trace").body().at("/events/0/steps/2");
            assertThat(step.at("/detail/subscription_id").asString(""))
                    .isEqualTo(webhook.text("subscription_id"));
            assertThat(step.at("/detail/service_name").asString("")).isEqualTo("tracer");
            // What endpoints answer is for those who made the subscriptions.
            assertThat(step.at("/detail").has("status_code")).isFalse();
            assertThat(step.has("at")).isTrue();
        }
    }

    private static List<String> steps(String id) {
        JsonNode steps =
                bus.get("service", "/events/" + id + "/trace").body().at("/events/0/steps");
        return StreamSupport.stream(steps.spliterator(), false)
                .map(step -> step.get("step").stringValue())
                .toList();
    }

    /** Proof that the dispatcher has gone on: something later reached its receiver. */
    private static String openSubscriptionGets() {
        String topic = platform.topic("witness." + System.nanoTime());
        bus.post("operator", "/topics", "{\"name\": \"" + topic + "\"}");
        try (Receiver witness = new Receiver()) {
            bus.post(
                    "service",
                    "/subscriptions",
                    """
                    {"service_name": "w", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                    """
                            .formatted(topic, witness.url()));
            String id = publish(topic);
            Await.until("the witness has it", () -> witness.eventIds().contains(id));
            return id;
        }
    }

    /** Ends the instance and begins another. */
    private static void forget() {
        bus.close();
        bus = new BusInstance(platform, Map.of());
    }

    private static String closedTopic(String name) {
        String full = platform.topic(name);
        Answer made =
                bus.post(
                        "admin",
                        "/topics",
                        "{\"name\": \"" + full + "\", \"requires_auth\": true, \"partitions\": 1}");
        assertThat(made.status()).isEqualTo(201);
        return full;
    }

    private static void openAllTopics() {
        bus.get("admin", "/topics?limit=200")
                .body()
                .forEach(topic -> {
                    if (topic.path("requires_auth").asBoolean(false)) {
                        Answer opened =
                                bus.patch(
                                        "admin",
                                        "/topics/" + topic.get("name").stringValue(),
                                        "{\"requires_auth\": false}");
                        assertThat(opened.status()).isEqualTo(200);
                    }
                });
    }

    private static void grant(String topic, String principal, String action) {
        Answer granted =
                bus.send(
                        "PUT",
                        "admin",
                        "/topics/" + topic + "/grants/" + principal,
                        "{\"actions\":[\"" + action + "\"]}");
        assertThat(granted.status()).isEqualTo(200);
    }

    private static void revoke(String topic, String principal) {
        bus.send("DELETE", "admin", "/topics/" + topic + "/grants/" + principal, null);
    }

    private static Answer subscribe(String role, String topic, String method) {
        return bus.post(
                role,
                "/subscriptions",
                "{\"service_name\": \"s\", \"method\": \"%s\", \"topic_pattern\": \"%s\"}"
                        .formatted(method, topic));
    }

    private static String publish(String topic) {
        Answer answer =
                bus.post(
                        "admin",
                        "/events/publish",
                        """
                        {"event_type": "game.kill", "source": "t", "topic": "%s", "payload": {"n": 1}}
                        """
                                .formatted(topic));
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(200);
        return answer.text("event_id");
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long owed(Answer subscription) {
        return count(
                "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                        + subscription.text("subscription_id")
                        + "'");
    }

    private static long count(String sql) {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
