package dev.jubilee.server.bus;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.nio.charset.Charset;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a publisher may choose: the mode, the key, the priority; and what a player may. */
class PublishChoicesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String LIMIT = "3";
    private static BusInstance bus;
    private static String topic;

    @BeforeAll
    static void start() {
        bus =
                new BusInstance(
                        platform,
                        Map.of(
                                "EVENT_BUS_PUBLISH_LINGER",
                                "1s",
                                "EVENT_BUS_RATE_LIMIT_EVENTS",
                                LIMIT,
                                "EVENT_BUS_EVENT_FAMILIES",
                                "shop"));
        topic = platform.topic("choices");
        bus.post("operator", "/topics", "{\"name\":\"" + topic + "\",\"partitions\":1}");
        bus.send(
                "PUT",
                "admin",
                "/topics/" + topic + "/grants/role:player",
                "{\"actions\":[\"publish\"]}");
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @Test
    void aCloudEventInBinaryModeHasItsAttributesInHeaders() throws Exception {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "<kill/>",
                        "Content-Type",
                        "application/xml",
                        "ce-specversion",
                        "1.0",
                        "ce-id",
                        "binary-1",
                        "ce-source",
                        "/match/%C3%A4",
                        "ce-type",
                        "game.kill",
                        "ce-topic",
                        topic,
                        "ce-correlationid",
                        "c-7",
                        "ce-myext",
                        "mine");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.text("event_id")).isEqualTo("binary-1");
        assertThat(
                        stored(
                                "binary-1",
                                "concat_ws('|', payload, source, content_type, correlation_id, extensions)"))
                .isEqualTo("<kill/>|/match/ä|application/xml|c-7|{\"myext\":\"mine\"}");
    }

    @Test
    void aBinaryCloudEventIsCheckedLikeAnyOther() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish?topic=" + topic,
                        "{}",
                        "ce-specversion",
                        "1.0",
                        "ce-id",
                        "x",
                        "ce-type",
                        "nofamily",
                        "ce-source",
                        "/s",
                        "ce-replayid",
                        "forged");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .containsExactlyInAnyOrder("type", "replayid");
    }

    /** The store knows by that ending what is no text. */
    @Test
    void aTypeThatWouldMakeTextOutToBeBase64IsRefused() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish?topic=" + topic,
                        "word",
                        "Content-Type",
                        "text/plain;base64",
                        "ce-specversion",
                        "1.0",
                        "ce-id",
                        "marked",
                        "ce-type",
                        "game.kill",
                        "ce-source",
                        "/s");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .containsExactly("datacontenttype");
    }

    @Test
    void theKeyIsTheCallersChoiceAndByDefaultThePlayerThenTheSession() throws Exception {
        assertThat(keyOf("\"key\":\"mine\",\"payload\":{\"player_id\":\"ann\"}")).isEqualTo("mine");
        assertThat(keyOf("\"subject\":\"bob\",\"payload\":{\"player_id\":\"ann\"}"))
                .isEqualTo("bob");
        assertThat(keyOf("\"payload\":{\"a\":{\"player_id\":\"no\"},\"player_id\":\"ann\"}"))
                .isEqualTo("ann");
        assertThat(keyOf("\"payload\":\"{\\\"player_id\\\":\\\"ann\\\"}\"")).isEqualTo("ann");
        assertThat(keyOf("\"payload\":{\"session_id\":\"s1\",\"player_id\":\"ann\"}"))
                .isEqualTo("ann");
        assertThat(keyOf("\"payload\":{\"session_id\":\"s1\",\"player_id\":7}")).isEqualTo("s1");
        assertThat(keyOf("\"payload\":[1]")).isNull();
    }

    @Test
    void anEventIsAboutThePlayerOfItsPayloadButNeverAboutASessionOrAKey() throws Exception {
        assertThat(subjectOf("\"payload\":{\"player_id\":\"ann\",\"session_id\":\"s1\"}"))
                .isEqualTo("ann");
        assertThat(subjectOf("\"payload\":\"{\\\"player_id\\\":\\\"ann\\\"}\"")).isEqualTo("ann");
        assertThat(subjectOf("\"subject\":\"bob\",\"payload\":{\"player_id\":\"ann\"}"))
                .isEqualTo("bob");
        assertThat(subjectOf("\"payload\":{\"session_id\":\"s1\"}")).isNull();
    }

    @Test
    void highPriorityLeavesAtOnce() {
        // First, or it would leave in the company of the high one.
        Duration normal = timeToPublish("normal");
        // The store may ask at any moment that what is on its way leaves; not each time.
        for (int again = 0; again < 2 && normal.toMillis() <= 800; again++) {
            normal = timeToPublish("normal");
        }
        Duration high = timeToPublish("high");
        Duration soonAfter = timeToPublish("high");
        // The machine may be slow at any moment; not each time.
        for (int again = 0;
                again < 5 && Math.max(high.toMillis(), soonAfter.toMillis()) >= 900;
                again++) {
            high = timeToPublish("high");
            soonAfter = timeToPublish("high");
        }

        assertThat(high).isLessThan(Duration.ofMillis(900));
        assertThat(soonAfter).isLessThan(Duration.ofMillis(900));
        assertThat(normal).isGreaterThan(Duration.ofMillis(800));
    }

    @Test
    void aStudioAddsAFamilyOfItsOwn() {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\":\"shop.sale\",\"topic\":\"" + topic + "\"}");
        assertThat(answer.status()).isEqualTo(200);
    }

    @Test
    void aPlayerPublishesAsItselfWhereItMayAndSoOften() {
        String kill = "{\"action_type\":\"kill\",\"topic\":\"%s\"%s}";
        String closed = platform.topic("no.players");
        bus.post("operator", "/topics", "{\"name\":\"" + closed + "\"}");
        String game = "/events/game/publish";

        assertThat(bus.post("player:ann", game, kill.formatted(closed, "")).status())
                .isEqualTo(403);
        for (String foreign : List.of("player_id", "subject", "key", "source")) {
            String forged = kill.formatted(topic, ",\"" + foreign + "\":\"bob\"");
            assertThat(bus.post("player:" + foreign, game, forged).status())
                    .as(foreign)
                    .isEqualTo(422);
        }
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String nth = kill.formatted(topic, ",\"event_id\":\"cat-" + i + "\"");
            statuses.add(bus.post("player:cat", game, nth).status());
        }
        assertThat(statuses).containsExactly(200, 200, 200, 429);
        assertThat(bus.post("player:dan", game, kill.formatted(topic, "")).status()).isEqualTo(200);
        assertThat(bus.post("player:dan", "/events/publish", "{}").status()).isEqualTo(403);
    }

    @Test
    void aPlayersEventIsAboutThePlayer() throws Exception {
        String id = killed("player:eve", "eve", "eve-1");
        assertThat(stored(id, "concat_ws('|', key, source, payload)"))
                .isEqualTo("eve|eve|{\"action_type\":\"kill\",\"player_id\":\"eve\"}");
    }

    /** Else what a server publishes later under that id would count never. */
    @Test
    void aPlayerTakesNoIdThatAnotherWillUse() {
        String first = killed("player:fay", "fay", "match-7");

        assertThat(killed("player:fay", "fay", "match-7")).as("a retry").isEqualTo(first);
        assertThat(killed("player:gus", "gus", "match-7")).isNotEqualTo(first);
        assertThat(killed("service", "fay", "match-7")).isEqualTo("match-7").isNotEqualTo(first);
    }

    /** Publishes it, and returns the id that it was given. */
    private static String killed(String who, String player, String id) {
        String kill =
                "{\"action_type\":\"kill\",\"player_id\":\"%s\",\"event_id\":\"%s\",\"topic\":\"%s\"}"
                        .formatted(player, id, topic);
        Answer answer = bus.post(who, "/events/game/publish", kill);
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }

    @Test
    void jsonInUtf16IsRefused() {
        String event = "{\"event_type\":\"game.kill\",\"payload\":{},\"topic\":\"" + topic + "\"}";
        for (Charset charset : List.of(UTF_16, UTF_16LE, UTF_16BE)) {
            for (String path :
                    List.of("/events/publish", "/events/game/publish", "/events/publish/batch")) {
                assertThat(bus.post("service", path, event.getBytes(charset)).text("code"))
                        .as("%s in %s", path, charset)
                        .isEqualTo("malformed_request");
            }
        }
    }

    @Test
    void anUnknownQueryParameterIsRefused() {
        String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
        Answer answer = bus.post("service", "/events/publish?topik=x&topic=y", event);
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().at("/errors/0/field").stringValue()).isEqualTo("topik");
        assertThat(answer.body().at("/errors/0/message").stringValue()).contains("topic");
        assertThat(bus.get("operator", "/topics/drift?verbose").status()).isEqualTo(422);
    }

    private static int made;

    private static @Nullable String keyOf(String more) throws Exception {
        String id = "key-" + ++made;
        publish("\"event_id\":\"" + id + "\",\"priority\":\"high\"," + more);
        return stored(id, "key");
    }

    /** What the store notes where it is not the key. */
    private static @Nullable String subjectOf(String more) throws Exception {
        String id = "subject-" + ++made;
        publish("\"event_id\":\"" + id + "\",\"priority\":\"high\",\"key\":\"match-7\"," + more);
        return stored(id, "extensions::jsonb ->> 'subject'");
    }

    private static Duration timeToPublish(String priority) {
        long start = System.nanoTime();
        publish("\"priority\":\"" + priority + "\"");
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static void publish(String more) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"," + more + "}");
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(200);
    }

    /** One expression over the stored row. */
    private static @Nullable String stored(String id, String expression) throws Exception {
        assertThat(bus.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
        try (Connection connection = platform.connection();
                PreparedStatement statement =
                        connection.prepareStatement(
                                "SELECT "
                                        + expression
                                        + " FROM bus.events WHERE client_event_id = ?")) {
            statement.setString(1, id);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
