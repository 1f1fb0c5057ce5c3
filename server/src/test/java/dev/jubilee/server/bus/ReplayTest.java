package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

class ReplayTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int KILLS = 200;
    private static final int KEYS = 7;

    private static BusInstance bus;
    private static String source;
    private static String start;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
        source = topic("source", 3);
        start = platform.clock().instant().minusSeconds(60).toString();
        List<String> items = new ArrayList<>();
        for (int i = 0; i < KILLS; i++) {
            items.add(
                    """
                    {"topic":"%s","event_type":"game.kill","key":"p%d","subject":"player%d","correlation_id":"c%d",
                     "payload":{"n":%d,"weapon":"%s"}}
                    """
                            .formatted(
                                    source, i % KEYS, i % KEYS, i, i, i % 2 == 0 ? "bow" : "axe"));
        }
        items.add("{\"topic\":\"%s\",\"event_type\":\"game.heal\"}".formatted(source));
        items.add(
                "{\"topic\":\"%s\",\"event_type\":\"game.kill\",\"is_replayable\":false}"
                        .formatted(source));
        Answer published =
                bus.post("service", "/events/publish/batch", "[" + String.join(",", items) + "]");
        assertThat(published.body().get("failed").intValue()).isZero();
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @Test
    void eventsAreForwardedMarkedInOrderAndNotStoredAgain() throws Exception {
        String target = topic("target", 2);
        Answer made =
                replay(
                        "\"filter\":\"{\\\"event_type\\\":\\\"game.kill\\\"}\",\"target_topic\":\""
                                + target
                                + "\"");
        assertThat(made.status()).isEqualTo(202);
        JsonNode done = await(bus, made, "completed");

        assertThat(done.get("matched").intValue()).isEqualTo(KILLS);
        assertThat(done.get("replayed").intValue()).isEqualTo(KILLS);
        assertThat(done.get("skipped").intValue()).isEqualTo(1);
        assertThat(done.get("progress_percent").doubleValue()).isEqualTo(100);
        List<Envelope> forwarded = read(target);
        assertThat(forwarded).hasSize(KILLS);
        assertThat(numbersByKey(forwarded)).isEqualTo(numbersByKey(original()));
        Envelope first = forwarded.getFirst();
        assertThat(first.extensions()).containsEntry("replayid", made.text("replay_id"));
        assertThat(first.subject())
                .isEqualTo(String.valueOf(first.partitionKey()).replace("p", "player"));
        assertThat(first.correlationId()).isNotNull();
        assertThat(original()).extracting(Envelope::id).contains(first.id());

        // The store has read the forwarded events, and stored none of them.
        bus.awaitStore();
        assertThat(count("SELECT count(*) FROM bus.events WHERE topic = '" + target + "'"))
                .isZero();
        assertThat(
                        count(
                                "SELECT sum(next_offset) FROM platform.consumer_offsets WHERE topic = '"
                                        + target
                                        + "'"))
                .isEqualTo(KILLS);
    }

    @Test
    void aDryRunCountsAndSendsNothing() {
        JsonNode byType =
                await(
                        bus,
                        replay("\"dry_run\":true,\"filter\":{\"event_type\":[\"game.*\"]}"),
                        "completed");
        assertThat(byType.get("matched").intValue()).isEqualTo(KILLS + 1);
        assertThat(byType.get("replayed").intValue()).isZero();
        JsonNode byPayload =
                await(
                        bus,
                        replay(
                                "\"dry_run\":true,\"filter\":{\"payload\":{\"weapon\":\"bow\",\"n\":[0,1,2]}}"),
                        "completed");
        assertThat(byPayload.get("matched").intValue()).isEqualTo(2);
        JsonNode byKey =
                await(
                        bus,
                        replay("\"dry_run\":true,\"filter\":{\"key\":[\"p0\",\"p1\"]}"),
                        "completed");
        assertThat(byKey.get("matched").intValue()).isEqualTo(29 + 29);
    }

    @Test
    void aReplayIsPausedResumedAndCancelled() {
        String target = topic("paced", 1);
        Answer made =
                replay("\"target_topic\":\"" + target + "\",\"rate_per_second\":10,\"filter\":{}");
        String path = "/replay/" + made.text("replay_id");
        Await.until("it has begun", () -> status(bus, path).get("replayed").intValue() > 0);
        assertThat(bus.post("operator", path + "/pause", "").status()).isEqualTo(200);
        Await.until("the piece under way is done", () -> isQuiet(path));
        int replayed = status(bus, path).get("replayed").intValue();
        assertThat(replayed).isPositive().isLessThan(KILLS);
        assertThat(read(target)).hasSize(replayed);

        assertThat(bus.post("operator", path + "/resume", "").status()).isEqualTo(200);
        Await.until(
                "it goes on",
                () -> {
                    JsonNode now = status(bus, path);
                    return now.get("replayed").intValue() > replayed
                            && now.has("estimated_seconds_left");
                });
        assertThat(bus.post("operator", path + "/cancel", "").text("status"))
                .isEqualTo("cancelled");
        String ended = status(bus, path).get("finished_at").stringValue();
        platform.clock().advance(Duration.ofSeconds(1));
        assertThat(bus.post("operator", path + "/cancel", "").text("finished_at")).isEqualTo(ended);
        assertThat(bus.post("operator", path + "/resume", "").status()).isEqualTo(409);
        assertThat(status(bus, path).get("progress_percent").doubleValue()).isBetween(1.0, 99.0);
    }

    @Test
    void aReplayWaitsWhileItsTopicIsPaused() throws Exception {
        String target = topic("rests", 1);
        Answer made =
                replay("\"target_topic\":\"" + target + "\",\"rate_per_second\":8,\"filter\":{}");
        String path = "/replay/" + made.text("replay_id");
        Await.until("it has begun", () -> status(bus, path).get("replayed").intValue() > 0);
        assertThat(bus.post("operator", "/topics/" + target + "/pause", "").status())
                .isEqualTo(200);
        // What was under way is sent; then it steps back, again and again.
        Await.until("it has stepped back", () -> isQuiet(path));
        int sent = read(target).size();
        Await.until("it has tried again", () -> !isQuiet(path));
        Await.until("and has stepped back again", () -> isQuiet(path));
        assertThat(read(target)).hasSize(sent);
        assertThat(sent).isLessThan(KILLS);

        bus.post("operator", "/topics/" + target + "/resume", "");
        Await.until("it goes on", () -> read(target).size() > sent);
        bus.post("operator", path + "/cancel", "");
    }

    @Test
    void timeThatAReplayLostIsNotMadeUpFor() throws Exception {
        String target = topic("steady", 1);
        int rate = 40;
        Answer made;
        long began;
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // It counts as long as this takes.
            statement.execute("LOCK TABLE bus.events IN ACCESS EXCLUSIVE MODE");
            made =
                    replay(
                            "\"target_topic\":\""
                                    + target
                                    + "\",\"rate_per_second\":"
                                    + rate
                                    + ",\"filter\":{}");
            String id = made.text("replay_id");
            Await.until("somebody runs it", () -> !leaseOf(id).isEmpty());
            long until = leasedUntil(id);
            Await.until("seconds have gone", () -> leasedUntil(id) > until);
            began = System.nanoTime();
            connection.rollback();
        }
        await(bus, made, "completed");
        double seconds = (System.nanoTime() - began) / 1e9;
        // But for the piece that is sent first, it takes as long as the rate says, or longer.
        assertThat(seconds).isGreaterThan((KILLS - rate) / (double) rate);
    }

    @Test
    void aReplayIsRefusedWhileTheStoreIsBehindAndLeavesNothingOutLater() throws Exception {
        String late = topic("late", 1);
        String asked =
                "{\"topic\":\"" + late + "\",\"start_time\":\"" + start + "\",\"dry_run\":true}";
        Map<String, String> hasty = Map.of("EVENT_BUS_CATCH_UP_TIMEOUT", "2s");
        try (BusInstance second = new BusInstance(platform, hasty);
                Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE bus.events IN SHARE MODE");
            Answer published =
                    bus.post(
                            "service",
                            "/events/publish",
                            "{\"topic\":\""
                                    + late
                                    + "\",\"event_type\":\"game.late\",\"payload\":1}");
            assertThat(published.status()).isEqualTo(200);

            Answer refused = second.post("operator", "/replay", asked);

            assertThat(refused.status()).as(refused.body().toString()).isEqualTo(503);
            assertThat(refused.text("code")).isEqualTo("event_store_behind");
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            connection.rollback();
        }
        bus.awaitStore();
        Answer made = bus.post("operator", "/replay", asked);
        assertThat(await(bus, made, "completed").get("matched").intValue()).isEqualTo(1);
    }

    @Test
    void aReplayThatLooksAtMuchKeepsItsLease() throws Exception {
        bus.awaitStore();
        Answer made;
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE bus.events IN ACCESS EXCLUSIVE MODE");
            made = replay("\"dry_run\":true,\"filter\":{}");
            String id = made.text("replay_id");
            Await.until("somebody runs it", () -> !leaseOf(id).isEmpty());
            String lease = leaseOf(id);
            long until = leasedUntil(id);
            Await.until("it is renewed", () -> leasedUntil(id) > until);
            assertThat(leaseOf(id)).isEqualTo(lease);
            connection.rollback();
        }
        assertThat(await(bus, made, "completed").get("matched").intValue()).isEqualTo(KILLS + 1);
    }

    @Test
    void eventsThatLieFarApartAreAllFoundInTheirOrder() throws Exception {
        String wide = topic("wide", 1);
        String from = platform.clock().instant().minusSeconds(60).toString();
        for (int i = 0; i < 6; i++) {
            Answer published =
                    bus.post(
                            "service",
                            "/events/publish",
                            "{\"topic\":\"%s\",\"event_type\":\"game.far\",\"payload\":%d}"
                                    .formatted(wide, i));
            assertThat(published.status()).isEqualTo(200);
            platform.clock().advance(Duration.ofMinutes(100));
        }
        Answer made =
                bus.post(
                        "operator",
                        "/replay",
                        "{\"topic\":\"%s\",\"start_time\":\"%s\",\"file\":true,\"filter\":{}}"
                                .formatted(wide, from));
        assertThat(await(bus, made, "completed").get("matched").intValue()).isEqualTo(6);
        String lines = bus.text("operator", "/replay/" + made.text("replay_id") + "/file");
        assertThat(lines.lines().map(Json::tree).map(event -> event.get("payload").stringValue()))
                .containsExactly("0", "1", "2", "3", "4", "5");
    }

    /** Slice by slice through fifty years it would take minutes, and nobody else's would go on. */
    @Test
    void timeInWhichNothingIsKeptIsPassedOver() throws Exception {
        String lonely = topic("lonely", 1);
        publishOne(lonely);
        bus.awaitStore();
        Answer made =
                bus.post(
                        "operator",
                        "/replay",
                        "{\"topic\":\"%s\",\"start_time\":\"1970-01-01T00:00:00Z\",\"dry_run\":true}"
                                .formatted(lonely));
        assertThat(await(bus, made, "completed").get("matched").intValue()).isEqualTo(1);
    }

    private static String leaseOf(String id) throws Exception {
        return text("SELECT lease FROM bus.replays WHERE replay_id = '" + id + "'");
    }

    private static long leasedUntil(String id) throws Exception {
        return count(
                "SELECT extract(epoch FROM leased_until) * 1000 FROM bus.replays WHERE replay_id = '"
                        + id
                        + "'");
    }

    private static String text(String sql) throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            String found = row.next() ? row.getString(1) : null;
            return found == null ? "" : found;
        }
    }

    @Test
    void aFileHasOneEventALine() throws Exception {
        Answer made = replay("\"file\":true,\"filter\":{\"event_type\":\"game.kill\"}");
        await(bus, made, "completed");
        String lines = bus.text("operator", "/replay/" + made.text("replay_id") + "/file");
        List<JsonNode> events = lines.lines().map(Json::tree).toList();
        assertThat(events).hasSize(KILLS);
        assertThat(events.getFirst().get("event_type").stringValue()).isEqualTo("game.kill");
        assertThat(events.getFirst().get("payload").stringValue()).startsWith("{\"n\":0");
    }

    @Test
    void aFileHoldsNothingThatWhoFetchesItMayNotRead() {
        String hidden = platform.topic("filed.hidden");
        String open = topic("filed.open", 1);
        bus.post("admin", "/topics", "{\"name\":\"" + hidden + "\",\"requires_auth\":true}");
        publishOne(hidden);
        publishOne(open);
        String all = file(platform.topic("filed.*"), start);
        String own = file(hidden, start);

        assertThat(topicsIn("admin", all)).containsExactlyInAnyOrder(hidden, open);
        assertThat(topicsIn("operator", all)).containsExactly(open);
        assertThat(bus.text("operator", own)).contains("\"status\":403");
        grantRead(hidden);
        assertThat(topicsIn("operator", all)).containsExactlyInAnyOrder(hidden, open);
        assertThat(topicsIn("operator", own)).containsExactly(hidden);
    }

    @Test
    void aCursorLeadsNowhereBeforeTheRange() {
        String topic = topic("filed.late", 1);
        String before = Span.floor(platform.clock().instant()).toString();
        publishOne(topic);
        platform.clock().advance(Duration.ofSeconds(2));
        String from = platform.clock().instant().toString();
        publishOne(topic);
        String path = file(topic, from);

        assertThat(topicsIn("admin", path)).hasSize(1);
        assertThat(topicsIn("admin", path + "?cursor=" + before)).hasSize(1);
    }

    private static void publishOne(String topic) {
        Answer published =
                bus.post(
                        "admin",
                        "/events/publish",
                        "{\"topic\":\"%s\",\"event_type\":\"game.filed\",\"payload\":1}"
                                .formatted(topic));
        assertThat(published.status()).isEqualTo(200);
    }

    /** The path of the file of an admin's replay that is done. */
    private static String file(String topic, String from) {
        Answer made =
                bus.post(
                        "admin",
                        "/replay",
                        "{\"topic\":\"%s\",\"start_time\":\"%s\",\"file\":true,\"filter\":{}}"
                                .formatted(topic, from));
        await(bus, made, "completed");
        return "/replay/" + made.text("replay_id") + "/file";
    }

    private static List<String> topicsIn(String who, String path) {
        return bus.text(who, path)
                .lines()
                .map(line -> Json.tree(line).path("topic").asString(""))
                .toList();
    }

    private static void grantRead(String topic) {
        Answer granted =
                bus.send(
                        "PUT",
                        "admin",
                        "/topics/" + topic + "/grants/role:operator",
                        "{\"actions\":[\"read\"]}");
        assertThat(granted.status()).isEqualTo(200);
    }

    @Test
    void timesAndFiltersThatNobodyKeepsAreRefused() {
        String body = "{\"topic\":\"" + source + "\",\"dry_run\":true,";
        String far = "\"start_time\":\"+999999999-01-01T00:00:00Z\"";
        assertThat(bus.post("operator", "/replay", body + far + "}").status()).isEqualTo(422);
        String since = body + "\"start_time\":\"" + start + "\",\"filter\":";
        for (String filter :
                List.of(
                        "\"{\\\"payload\\\":{\\\"a\\\":\\\"\\\\u0000\\\"}}\"",
                        "\"{\\\"payload\\\":{\\\"\\\\u0000\\\":1}}\"",
                        "{\"payload\":{\"a\":\"\\ud800\"}}",
                        "{\"key\":\"\\ud800\"}",
                        "{\"payload\":{\"a\":1e200000}}")) {
            Answer refused = bus.post("operator", "/replay", since + filter + "}");
            assertThat(refused.status()).as(filter).isEqualTo(422);
            assertThat(refused.body().at("/errors/0/field").asString("")).startsWith("filter");
        }
    }

    @Test
    void whatIsWrongIsNamedAtOnce() {
        Answer answer =
                bus.post(
                        "operator",
                        "/replay",
                        """
                        {"topic": "..", "start_time": "now", "filter": {"colour": 1, "key": 7,
                         "payload": {"a": [{"prefix": "x"}]}}, "rate_per_second": 0}
                        """);
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .contains(
                        "topic",
                        "start_time",
                        "filter.colour",
                        "filter.key",
                        "filter.payload.a",
                        "rate_per_second",
                        "target_topic");
        assertThat(replay("\"target_topic\":\"no.such\"").status()).isEqualTo(404);
        assertThat(bus.post("service", "/replay", "{}").status()).isEqualTo(403);
    }

    private static String topic(String name, int partitions) {
        String full = platform.topic(name);
        Answer made =
                bus.post(
                        "operator",
                        "/topics",
                        "{\"name\":\"" + full + "\",\"partitions\":" + partitions + "}");
        assertThat(made.status()).isEqualTo(201);
        return full;
    }

    private static Answer replay(String more) {
        return bus.post(
                "operator",
                "/replay",
                "{\"topic\":\"" + source + "\",\"start_time\":\"" + start + "\"," + more + "}");
    }

    private static JsonNode await(BusInstance where, Answer made, String status) {
        assertThat(made.status()).as(made.body().toString()).isEqualTo(202);
        return awaitPath(where, "/replay/" + made.text("replay_id"), status);
    }

    private static JsonNode awaitPath(BusInstance where, String path, String status) {
        Await.untilAsserted(
                "the replay is " + status,
                () ->
                        assertThat(status(where, path).get("status").stringValue())
                                .isEqualTo(status));
        return status(where, path);
    }

    private static JsonNode status(BusInstance where, String path) {
        return where.get("operator", path + "/status").body();
    }

    private static boolean isQuiet(String path) throws Exception {
        String id = path.substring("/replay/".length());
        return count(
                        "SELECT count(*) FROM bus.replays WHERE lease IS NULL AND replay_id = '"
                                + id
                                + "'")
                == 1;
    }

    private static List<Envelope> original() {
        return read(source).stream()
                .filter(event -> event.type().equals("game.kill") && event.replayable())
                .toList();
    }

    private static Map<String, List<Integer>> numbersByKey(List<Envelope> events) {
        Map<String, List<Integer>> numbers = new HashMap<>();
        for (Envelope event : events) {
            numbers.computeIfAbsent(String.valueOf(event.partitionKey()), key -> new ArrayList<>())
                    .add(Json.tree(event.data()).get("n").intValue());
        }
        return numbers;
    }

    /** Everything that a topic holds. */
    private static List<Envelope> read(String topic) {
        Properties config = platform.kafka();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(topic).stream()
                            .map(p -> new TopicPartition(topic, p.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end =
                    consumer.endOffsets(partitions).values().stream()
                            .mapToLong(Long::longValue)
                            .sum();
            List<Envelope> events = new ArrayList<>();
            while (events.size() < end) {
                for (ConsumerRecord<byte[], byte[]> record :
                        consumer.poll(Duration.ofMillis(200))) {
                    events.add(KafkaEnvelopes.read(record));
                }
            }
            return events;
        }
    }

    private static long count(String sql) throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    @Test
    void whatWasGrantedOnceIsNotJudgedAnew() {
        String gone = topic("gone", 1);
        String more = "\"target_topic\":\"" + gone + "\",\"filter\":{\"key\":[\"p0\"]}";
        String asked = "{\"topic\":\"%s\",\"start_time\":\"%s\",%s}".formatted(source, start, more);
        String[] key = {"Idempotency-Key", "the-same"};
        Answer made = bus.post("operator", "/replay", asked, key);
        await(bus, made, "completed");
        assertThat(
                        bus.send("DELETE", "admin", "/topics/" + gone + "?confirm=" + gone, null)
                                .status())
                .isLessThan(300);

        Answer again = bus.post("operator", "/replay", asked, key);

        assertThat(again.status()).as(again.body().toString()).isEqualTo(202);
        assertThat(again.text("replay_id")).isEqualTo(made.text("replay_id"));
    }
}
