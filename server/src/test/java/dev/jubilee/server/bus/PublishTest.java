package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

class PublishTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static BusInstance bus;
    private static String topic;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of("EVENT_BUS_MAX_EVENT_BYTES", "20000"));
        topic = platform.topic("events");
        Answer made = bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}");
        assertThat(made.status()).isEqualTo(201);
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @Test
    void anEventIsAnsweredWithItsPlaceInKafka() {
        Answer first = publish("\"payload\":\"{\\\"winner\\\":\\\"p1\\\"}\",\"key\":\"m1\"");
        Answer second = publish("\"payload\":{\"winner\":\"p1\"},\"key\":\"m1\"");

        assertThat(first.status()).isEqualTo(200);
        assertThat(first.text("topic")).isEqualTo(topic);
        assertThat(first.body().get("published").booleanValue()).isTrue();
        assertThat(second.body().get("partition")).isEqualTo(first.body().get("partition"));
        assertThat(second.body().get("offset").longValue())
                .isGreaterThan(first.body().get("offset").longValue());
        assertThat(second.text("event_id")).isNotEqualTo(first.text("event_id"));
    }

    @Test
    void everyFaultOfAnEventIsNamedAtOnce() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        """
                        {"event_type": "Bad", "priority": "urgent", "payload": "{oops", "colour": 1,
                         "timestamp": "yesterday", "event_id": ""}
                        """);

        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .containsExactlyInAnyOrder(
                        "event_type",
                        "priority",
                        "payload",
                        "colour",
                        "timestamp",
                        "event_id",
                        "topic");
    }

    @Test
    void aTypeOfAnUnknownFamilyIsRefused() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\":\"shop.sale\",\"topic\":\"" + topic + "\"}");
        assertThat(answer.status()).isEqualTo(422);
    }

    @Test
    void anUnknownTopicIsNotFound() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\":\"game.kill\",\"topic\":\"no.such\"}");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.text("code")).isEqualTo("topic_not_found");
    }

    @Test
    void whatIsNoJsonOrNamesAFieldTwiceIsMalformed() {
        for (String body :
                List.of(
                        "",
                        "{",
                        "[]",
                        "nonsense",
                        "{\"topic\":\"a.b\",\"topic\":\"a.c\"}",
                        "{\"topic\":\"a.b\"} more")) {
            assertThat(bus.post("service", "/events/publish", body).status())
                    .as(body)
                    .isEqualTo(400);
        }
        byte[] brokenUtf8 = {'{', '"', 't', '"', ':', '"', (byte) 0xC3, '(', '"', '}'};
        assertThat(bus.post("service", "/events/publish", brokenUtf8).status()).isEqualTo(400);
    }

    @Test
    void anOversizedEventIsRefused() {
        Answer answer = publish("\"payload\":{\"x\":\"" + "y".repeat(20_000) + "\"}");
        assertThat(answer.status()).isEqualTo(413);
    }

    @Test
    void ofAnEventThatIsTooLargeForABatchNoMoreIsReadThanItsLimit() {
        String large =
                "{\"event_id\":\"early\",\"payload\":{\"x\":\""
                        + "y".repeat(20_000)
                        + "\"},\"colour\":1,\"topic\":\"late.topic\"}";
        String good = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
        Answer answer =
                bus.post("service", "/events/publish/batch", "[" + large + "," + good + "]");

        JsonNode results = answer.body().get("results");
        assertThat(results.get(0).get("event_id").stringValue()).isEqualTo("early");
        assertThat(results.get(0).has("topic")).isFalse();
        assertThat(results.get(0).get("error").get("code").stringValue())
                .isEqualTo("payload_too_large");
        assertThat(results.get(1).get("published").booleanValue()).isTrue();
    }

    @Test
    void onlyServicesPublish() {
        assertThat(bus.post("player", "/events/publish", "{}").status()).isEqualTo(403);
        assertThat(bus.post("operator", "/events/game/publish", "{}").status()).isEqualTo(403);
    }

    @Test
    void aRetryWithTheSameKeyHasTheSameId() {
        Answer first = publish("\"payload\":1", "Idempotency-Key", "k1");
        Answer again = publish("\"payload\":1", "Idempotency-Key", "k1");
        Answer other = publish("\"payload\":1", "Idempotency-Key", "k2");

        assertThat(again.text("event_id")).isEqualTo(first.text("event_id"));
        assertThat(other.text("event_id")).isNotEqualTo(first.text("event_id"));
    }

    /** As on every other route. */
    @Test
    void anIdempotencyKeyThatIsNoneIsMalformed() {
        Answer answer = publish("\"payload\":1", "Idempotency-Key", "k".repeat(256));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body().toString()).contains("Idempotency-Key", "255");
    }

    @Test
    void aGameEventIsTypedByItsAction() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/game/publish",
                        """
                        {"player_id": "player123", "session_id": "session456", "action_type": "kill",
                         "topic": "%s", "game_mode": "battle_royale", "map_name": "Neon_City",
                         "action_data": {"weapon": "plasma_rifle", "distance": 150.5, "headshot": true},
                         "position": {"x": 1250.3, "y": 890.7, "z": 45.2}, "server_id": "server-01",
                         "region": "us-east-1", "version": "1.2.3"}
                        """
                                .formatted(topic));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.text("topic")).isEqualTo(topic);
        assertThat(
                        bus.registry
                                .counter(
                                        "event_bus_events_published",
                                        "topic",
                                        topic,
                                        "event_type",
                                        "game.kill",
                                        "status",
                                        "success")
                                .count())
                .isPositive();
    }

    @Test
    void eachItemOfABatchIsJudgedByItself() {
        String good = "{\"event_type\":\"game.kill\",\"topic\":\"%s\",\"event_id\":\"%s\"}";
        List<String> items = new ArrayList<>();
        items.add(good.formatted(topic, "one"));
        items.add("{\"event_type\":\"nope\",\"topic\":\"" + topic + "\"}");
        items.add(good.formatted("no.such", "three"));
        items.add("17");
        items.add("{\"player_id\":\"p\",\"action_type\":\"heal\",\"topic\":\"" + topic + "\"}");
        String list = "[" + String.join(",", items) + "]";

        for (String body : List.of(list, "{\"events\":" + list + "}")) {
            Answer answer = bus.post("service", "/events/publish/batch", body);
            assertThat(answer.status()).isEqualTo(200);
            JsonNode results = answer.body().get("results");
            assertThat(results)
                    .extracting(r -> r.get("published").booleanValue())
                    .containsExactly(true, false, false, false, true);
            assertThat(results.get(0).get("event_id").stringValue()).isEqualTo("one");
            assertThat(results.get(2).get("error").get("code").stringValue())
                    .isEqualTo("topic_not_found");
            assertThat(answer.body().get("published").intValue()).isEqualTo(2);
            assertThat(answer.body().get("failed").intValue()).isEqualTo(3);
        }
    }

    @Test
    void aBatchHasOneToAThousandEvents() {
        String item = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
        assertThat(bus.post("service", "/events/publish/batch", "[]").status()).isEqualTo(422);
        String many = "[" + (item + ",").repeat(1_000) + item + "]";
        assertThat(bus.post("service", "/events/publish/batch", many).status()).isEqualTo(422);
        String full = "[" + (item + ",").repeat(999) + item + "]";
        Answer answer = bus.post("service", "/events/publish/batch", full);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body().get("published").intValue()).isEqualTo(1_000);
    }

    @Test
    void cloudEventsArePublishedStructuredAndBatched() {
        String event =
                """
                {"specversion": "1.0", "id": "c-1", "source": "/match/7", "type": "game.match.end",
                 "topic": "%s", "subject": "p1", "data": {"winner": "p1"}}
                """
                        .formatted(topic);
        Answer one =
                bus.post(
                        "service",
                        "/events/publish",
                        event,
                        "Content-Type",
                        "application/cloudevents+json");
        Answer two =
                bus.post(
                        "service",
                        "/events/publish/batch",
                        "[" + event + ",{\"specversion\":\"1.0\"}]",
                        "Content-Type",
                        "application/cloudevents-batch+json");

        assertThat(one.status()).isEqualTo(200);
        assertThat(one.text("event_id")).isEqualTo("c-1");
        assertThat(two.body().get("results"))
                .extracting(r -> r.get("published").booleanValue())
                .containsExactly(true, false);
    }

    private static Answer publish(String more, String... headers) {
        return bus.post(
                "service",
                "/events/publish",
                "{\"event_type\":\"game.match.end\",\"source\":\"match-service\",\"topic\":\""
                        + topic
                        + "\","
                        + more
                        + "}",
                headers);
    }
}
