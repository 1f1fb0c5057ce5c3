package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.trace.TraceStep;
import dev.jubilee.server.testing.Platform;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Searching and tracing, over HTTP. */
class SearchTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static BusInstance bus;
    private static String topic;
    private static Instant before;
    private static Instant between;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
        topic = platform.topic("searched");
        bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}");
        before = platform.clock().instant();
        publish(
                "s-1",
                "\"event_type\":\"game.kill\",\"key\":\"ann\",\"payload\":{\"w\":\"bow\",\"n\":[1,2]}");
        publish("s-2", "\"event_type\":\"game.match.end\",\"key\":\"ann\",\"source\":\"match\"");
        publish("s-3", "\"event_type\":\"game.kill\",\"key\":\"bob\",\"payload\":{\"w\":\"axe\"}");
        platform.clock().advance(Duration.ofHours(3));
        between = platform.clock().instant();
        publish("s-4", "\"event_type\":\"audit.login\",\"key\":\"ann\",\"correlation_id\":\"c-1\"");
        publish(
                "s-5",
                "\"event_type\":\"game.kill\",\"correlation_id\":\"c-1\",\"causation_id\":\"s-4\"");
        publish("s-6", "\"event_type\":\"game.death\",\"causation_id\":\"s-5\"");
        for (String id : List.of("s-1", "s-2", "s-3", "s-4", "s-5", "s-6")) {
            assertThat(bus.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
        }
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @Test
    void eachFilterFindsItsOwnTheLatestFirst() {
        assertThat(found("event_type=game.kill")).containsExactly("s-5", "s-3", "s-1");
        assertThat(found("event_type=game.*")).containsExactly("s-6", "s-5", "s-3", "s-2", "s-1");
        assertThat(found("event_type=%23.end")).containsExactly("s-2");
        assertThat(found("key=ann")).containsExactly("s-4", "s-2", "s-1");
        assertThat(found("source=match")).containsExactly("s-2");
        assertThat(found("correlation_id=c-1")).containsExactly("s-5", "s-4");
        assertThat(found("causation_id=s-4")).containsExactly("s-5");
        assertThat(found("payload=" + encoded("{\"w\":\"bow\"}"))).containsExactly("s-1");
        assertThat(found("payload=" + encoded("{\"n\":[2]}"))).containsExactly("s-1");
        assertThat(found("topic=no.such.topic")).isEmpty();
        assertThat(found("key=ann&event_type=game.kill")).containsExactly("s-1");
    }

    @Test
    void theTimeRangeDecides() {
        assertThat(found("end_time=" + between)).containsExactly("s-3", "s-2", "s-1");
        assertThat(found("start_time=" + between)).containsExactly("s-6", "s-5", "s-4");
        assertThat(found("start_time=" + before + "&end_time=" + between + "&key=bob"))
                .containsExactly("s-3");
    }

    @Test
    void aCursorLeadsThroughAllOfThemOnce() {
        List<String> ids = new ArrayList<>();
        String cursor = "";
        int answers = 0;
        do {
            Answer answer = bus.get("operator", "/events?topic=" + topic + "&limit=2" + cursor);
            assertThat(answer.status()).isEqualTo(200);
            answer.body().get("events").forEach(e -> ids.add(e.get("event_id").stringValue()));
            cursor = "&cursor=" + answer.text("next_cursor");
            answers++;
        } while (!cursor.equals("&cursor=") && answers < 10);
        assertThat(ids).containsExactly("s-6", "s-5", "s-4", "s-3", "s-2", "s-1");
    }

    @Test
    void everyTypeOfJsonIsJson() {
        String other = platform.topic("typed");
        bus.post("operator", "/topics", "{\"name\":\"" + other + "\"}");
        String search = "/events?topic=" + other + "&payload=" + encoded("{\"w\":\"bow\"}");
        for (String type :
                List.of("application/json; charset=utf-8", "application/vnd.game+json")) {
            String id = "typed-" + type.length();
            String event = "{\"w\":\"bow\",\"player_id\":\"eve\"}";
            assertThat(cloudEvent(other, id, type, event).status()).isEqualTo(200);
            assertThat(bus.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
            assertThat(bus.get("operator", search + "&key=eve").body().get("events"))
                    .extracting(found -> found.get("event_id").stringValue())
                    .contains(id);

            Answer refused = cloudEvent(other, id + "-no", type, "{\"w\":");
            assertThat(refused.status()).as(type).isEqualTo(422);
        }
        assertThat(cloudEvent(other, "typed-text", "text/plain", "{\"w\":\"bow\"}").status())
                .isEqualTo(200);
        bus.get("service", "/events/typed-text/status");
        assertThat(bus.get("operator", search).body().get("events")).hasSize(2);
    }

    private static Answer cloudEvent(String topic, String id, String type, String data) {
        return bus.post(
                "service",
                "/events/publish?topic=" + topic,
                data,
                "Content-Type",
                type,
                "ce-specversion",
                "1.0",
                "ce-id",
                id,
                "ce-source",
                "/x",
                "ce-type",
                "game.kill");
    }

    @Test
    void whatIsWrongIsNamedAtOnce() {
        Answer answer =
                bus.get(
                        "operator",
                        "/events?start_time=yesterday&payload=x&cursor=1&event_type=A&limit=5");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .containsExactlyInAnyOrder("start_time", "payload", "cursor", "event_type");
        assertThat(bus.get("player", "/events").status()).isEqualTo(403);
    }

    @Test
    void aPayloadThatNoEventCanHaveIsRefused() {
        for (String payload : List.of("{\"a\":\"\\ud800\"}", "{\"a\":1e200000}")) {
            Answer answer = bus.get("operator", "/events?payload=" + encoded(payload));
            assertThat(answer.status()).as(payload).isEqualTo(422);
            assertThat(answer.body().at("/errors/0/field").asString("")).isEqualTo("payload");
        }
    }

    @Test
    void aTopicThatRequiresItIsSearchedByThoseWhoMayOnly() {
        String closed = platform.topic("closed.search");
        bus.post("admin", "/topics", "{\"name\":\"" + closed + "\",\"requires_auth\":true}");
        bus.post(
                "admin",
                "/events/publish",
                "{\"event_type\":\"game.secret\",\"event_id\":\"secret\",\"topic\":\""
                        + closed
                        + "\"}");
        bus.get("admin", "/events/secret/status");

        assertThat(bus.get("admin", "/events?event_type=game.secret").body().get("events"))
                .hasSize(1);
        assertThat(bus.get("operator", "/events?event_type=game.secret").body().get("events"))
                .isEmpty();
        assertThat(bus.get("operator", "/events/secret/trace").status()).isEqualTo(404);
        bus.send(
                "PUT",
                "admin",
                "/topics/" + closed + "/grants/role:operator",
                "{\"actions\":[\"read\"]}");
        assertThat(bus.get("operator", "/events/secret/trace").status()).isEqualTo(200);
        bus.send("DELETE", "admin", "/topics/" + closed + "/grants/role:operator", null);
    }

    @Test
    void aTraceFollowsCausesEffectsAndCorrelation() {
        bus.bus
                .traces()
                .ask(events -> Map.of("s-5", List.of(new TraceStep("noted", null, Map.of()))));
        Answer trace = bus.get("service", "/events/s-5/trace");

        assertThat(trace.status()).isEqualTo(200);
        assertThat(trace.text("correlation_id")).isEqualTo("c-1");
        assertThat(trace.body().get("events"))
                .extracting(traced ->
                        traced.at("/event/event_id").stringValue()
                                + " "
                                + traced.get("relation").stringValue())
                .containsExactly("s-4 cause", "s-5 self", "s-6 effect");
        assertThat(trace.body().at("/events/1/steps"))
                .extracting(step -> step.get("step").stringValue())
                .containsExactly("published", "stored", "noted");
        assertThat(bus.get("service", "/events/none/trace").status()).isEqualTo(404);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static List<String> found(String query) {
        String topics = query.startsWith("topic") ? "" : "&topic=" + topic;
        Answer answer = bus.get("operator", "/events?" + query + topics);
        assertThat(answer.status()).as(query).isEqualTo(200);
        return answer.body()
                .get("events")
                .valueStream()
                .map(event -> event.get("event_id").stringValue())
                .toList();
    }

    private static void publish(String id, String more) {
        // A moment each, so that their order is certain.
        platform.clock().advance(Duration.ofMillis(5));
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_id\":\"" + id + "\",\"topic\":\"" + topic + "\"," + more + "}");
        assertThat(answer.status()).isEqualTo(200);
    }
}
