package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** A subscription is its maker's: no other service acts in its name or takes what it is owed. */
class OwnedSubscriptionsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String OWNER = "service:owner";
    private static final String OTHER = "service:other";

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
    void noOtherServicePausesResumesTestsOrDeletesIt() {
        try (Receiver receiver = new Receiver()) {
            String path = webhook(topic("standing"), receiver);
            for (String action : List.of("/pause", "/resume", "/test")) {
                assertThat(bus.post(OTHER, path + action, "").status()).as(action).isEqualTo(403);
            }
            assertThat(bus.delete(OTHER, path).status()).isEqualTo(403);
            assertThat(receiver.received).isEmpty();
            assertThat(bus.get(OTHER, path).text("status")).isEqualTo("active");

            assertThat(bus.post(OWNER, path + "/test", "").status()).isEqualTo(200);
            assertThat(bus.post(OWNER, path + "/pause", "").status()).isEqualTo(200);
            assertThat(bus.post("operator", path + "/resume", "").status()).isEqualTo(200);
            assertThat(bus.delete(OWNER, path).status()).isEqualTo(204);
        }
    }

    @Test
    void noOtherServiceEditsDropsOrRedrivesItsDeadLetters() {
        try (Receiver receiver = new Receiver()) {
            receiver.behaviour = request -> Receiver.Reply.of(400);
            String topic = topic("dead");
            String path = webhook(topic, receiver);
            publish(topic);
            String letters = path + "/dead-letters";
            Await.until(
                    "it is dead", () -> bus.get(OWNER, letters).body().path("total").asInt(0) == 1);
            String letter =
                    letters
                            + "/"
                            + bus.get(OWNER, letters)
                                    .body()
                                    .at("/dead_letters/0/dead_letter_id")
                                    .stringValue();
            String forged = "{\"data\": {\"gold\": 1000000}}";

            assertThat(bus.patch(OTHER, letter, forged).status()).isEqualTo(403);
            assertThat(bus.delete(OTHER, letter).status()).isEqualTo(403);
            assertThat(bus.post(OTHER, letters + "/redrive", "").status()).isEqualTo(403);
            assertThat(bus.get(OWNER, letter).body().at("/event/data").toString())
                    .isEqualTo("{\"n\":1}");

            assertThat(bus.patch(OWNER, letter, "{\"data\": {\"n\": 2}}").status()).isEqualTo(200);
            assertThat(bus.post(OWNER, letters + "/redrive", "").status()).isEqualTo(202);
        }
    }

    @Test
    void noOtherServiceSeesWhatItWasSentOrWasNot() {
        try (Receiver receiver = new Receiver()) {
            receiver.behaviour = request -> Receiver.Reply.of(400);
            String topic = topic("seen");
            String path = webhook(topic, receiver);
            publish(topic);
            String letters = path + "/dead-letters";
            Await.until(
                    "it is dead", () -> bus.get(OWNER, letters).body().path("total").asInt(0) == 1);
            String letter =
                    letters
                            + "/"
                            + bus.get(OWNER, letters)
                                    .body()
                                    .at("/dead_letters/0/dead_letter_id")
                                    .stringValue();
            String redrive =
                    path
                            + "/redrives/"
                            + bus.post(OWNER, letters + "/redrive", "{\"topic\": \"none\"}")
                                    .text("redrive_id");

            for (String seen : List.of(path + "/deliveries", letters, letter, redrive)) {
                assertThat(bus.get(OTHER, seen).status()).as(seen).isEqualTo(403);
                assertThat(bus.get(OWNER, seen).status()).as(seen).isEqualTo(200);
                assertThat(bus.get("operator", seen).status()).as(seen).isEqualTo(200);
            }
        }
    }

    @Test
    void noOtherServiceSeesWhatItsEndpointAnswered() {
        try (Receiver receiver = new Receiver()) {
            receiver.behaviour = request -> new Receiver.Reply(400, Map.of(), "the secret is 42");
            String topic = topic("answered");
            webhook(topic, receiver);
            String path = "/events/" + publish(topic) + "/deliveries";
            Await.until(
                    "it is dead",
                    () -> bus.get(OWNER, path).body().toString().contains("\"status\":\"dead\""));

            for (String who : List.of(OWNER, "operator", "admin")) {
                assertThat(bus.get(who, path).body().at("/deliveries/0/attempts/0").toString())
                        .as(who)
                        .contains("the secret is 42", "error_message", "\"status_code\":400");
            }
            JsonNode seen = bus.get(OTHER, path).body().at("/deliveries/0");
            assertThat(seen.get("status").stringValue()).isEqualTo("dead");
            assertThat(seen.at("/attempts/0/is_last_attempt").booleanValue()).isTrue();
            assertThat(seen.toString())
                    .doesNotContain("the secret is 42")
                    .doesNotContain("error_message")
                    .doesNotContain("status_code");
        }
    }

    @Test
    void noOtherServiceTakesOrAcknowledgesItsEvents() {
        String topic = topic("taken");
        Answer made =
                bus.post(
                        OWNER,
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"sse\", \"topic_pattern\": \""
                                + topic
                                + "\"}");
        assertThat(made.status()).isEqualTo(201);
        String path = "/subscriptions/" + made.text("subscription_id");
        publish(topic);

        assertThat(bus.post(OTHER, path + "/pull", "{\"wait_ms\": 5000}").status()).isEqualTo(403);
        assertThat(bus.get(OTHER, path + "/stream").status()).isEqualTo(403);
        AtomicReference<String> taken = new AtomicReference<>("");
        Await.until(
                "it is taken",
                () -> {
                    Answer pulled = bus.post(OWNER, path + "/pull", "{\"wait_ms\": 10000}");
                    taken.set(pulled.body().at("/events/0/delivery_id").asString(""));
                    return !taken.get().isEmpty();
                });
        String ids = "{\"delivery_ids\": [\"" + taken.get() + "\"]}";
        assertThat(bus.post(OTHER, path + "/ack", ids).status()).isEqualTo(403);
        assertThat(bus.post(OTHER, path + "/nack", ids).status()).isEqualTo(403);
        assertThat(bus.post(OWNER, path + "/ack", ids).body().get("acked").intValue()).isEqualTo(1);
    }

    private static String topic(String name) {
        String topic = platform.topic("owned." + name);
        assertThat(bus.post("operator", "/topics", "{\"name\": \"" + topic + "\"}").status())
                .isEqualTo(201);
        return topic;
    }

    private static String webhook(String topic, Receiver receiver) {
        Answer made =
                bus.post(
                        OWNER,
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                         "max_retries": 0}
                        """
                                .formatted(topic, receiver.url()));
        assertThat(made.status()).isEqualTo(201);
        return "/subscriptions/" + made.text("subscription_id");
    }

    private static String publish(String topic) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.x\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": {\"n\": 1}}"
                                .formatted(topic));
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }
}
