package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Where replays are read, and that it makes no difference. */
class ReplaySourcesTest {
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
    void whatKafkaHoldsIsReadThereAndWhatItDroppedFromTheStore() {
        String source = topic("held", 1);
        publish(source, 0, 50);
        String first = topic("held.kafka", 1);
        JsonNode fromKafka = done(replay(source, "\"target_topic\":\"" + first + "\""));
        assertThat(fromKafka.get("source").stringValue()).isEqualTo("kafka");
        assertThat(numbers(first)).isEqualTo(upTo(50));

        drop(source, 20);
        String second = topic("held.store", 1);
        JsonNode fromStore = done(replay(source, "\"target_topic\":\"" + second + "\""));

        assertThat(fromStore.get("source").stringValue()).isEqualTo("store");
        assertThat(fromStore.get("replayed").intValue()).isEqualTo(50);
        assertThat(numbers(second)).isEqualTo(upTo(50));
    }

    @Test
    void aReplayGoesOnFromTheStoreWhenRetentionIsQuicker() {
        String source = topic("quick", 2);
        String target = topic("quick.target", 1);
        publish(source, 0, 200);
        Answer made = replay(source, "\"rate_per_second\":4,\"target_topic\":\"" + target + "\"");
        String path = "/replay/" + made.text("replay_id");
        pauseInTheMiddle(made);
        assertThat(status(path).get("source").stringValue()).isEqualTo("kafka");
        assertThat(status(path).get("replayed").intValue()).isBetween(1, 199);
        dropAll(source);
        resumeAtFullSpeed(made);

        JsonNode done = done(made);

        assertThat(done.get("source").stringValue()).isEqualTo("store");
        assertThat(done.get("replayed").intValue()).isEqualTo(200);
        assertThat(inOrderOnce(read(target), 200)).isTrue();
    }

    @Test
    void whatKafkaDroppedToTheLastRecordIsReadFromTheStore() {
        String source = topic("emptied", 2);
        String target = topic("emptied.target", 1);
        publish(source, 0, 50);
        bus.awaitStore();
        dropAll(source);

        JsonNode done = done(replay(source, "\"target_topic\":\"" + target + "\""));

        assertThat(done.get("source").stringValue()).isEqualTo("store");
        assertThat(done.get("replayed").intValue()).isEqualTo(50);
    }

    @Test
    void aTopicThatKafkaLacksIsReadFromTheStore() throws Exception {
        String source = topic("lacking", 1);
        String target = topic("lacking.target", 1);
        publish(source, 0, 20);
        bus.awaitStore();
        deleteInKafka(source);

        JsonNode done = done(replay(source, "\"target_topic\":\"" + target + "\""));

        assertThat(done.get("source").stringValue()).isEqualTo("store");
        assertThat(done.get("replayed").intValue()).isEqualTo(20);
        assertThat(numbers(target)).isEqualTo(upTo(20));
    }

    @Test
    void whatATopicHeldBeforeItWasMadeAgainIsReplayedAsWell() {
        String source = topic("remade", 1);
        String target = topic("remade.target", 1);
        publish(source, 0, 5);
        bus.awaitStore();
        assertThat(
                        bus.delete(
                                        "operator",
                                        "/topics/" + source + "?force=true&confirm=" + source)
                                .status())
                .isEqualTo(204);
        assertThat(topic("remade", 1)).isEqualTo(source);
        publish(source, 5, 3);

        JsonNode done = done(replay(source, "\"target_topic\":\"" + target + "\""));

        assertThat(done.get("source").stringValue()).isEqualTo("store");
        assertThat(numbers(target)).containsExactlyInAnyOrderElementsOf(upTo(8));
    }

    @Test
    void aReplayGoesOnFromTheStoreWhenItsTopicIsDeleted() throws Exception {
        String source = topic("deleted", 1);
        String target = topic("deleted.target", 1);
        publish(source, 0, 200);
        Answer made = replay(source, "\"rate_per_second\":4,\"target_topic\":\"" + target + "\"");
        String path = "/replay/" + made.text("replay_id");
        pauseInTheMiddle(made);
        assertThat(status(path).get("source").stringValue()).isEqualTo("kafka");
        deleteInKafka(source);
        resumeAtFullSpeed(made);

        JsonNode done = done(made);

        assertThat(done.get("source").stringValue()).isEqualTo("store");
        assertThat(done.get("replayed").intValue()).isEqualTo(200);
        assertThat(inOrderOnce(read(target), 200)).isTrue();
    }

    @Test
    void bothSourcesMeanTheSameByAFilter() {
        String source = topic("filtered", 3);
        publish(source, 0, 60);
        for (String filter :
                List.of(
                        "{}",
                        "{\"event_type\":\"game.*\"}",
                        "{\"event_type\":[\"game.kill\",\"audit.#\"]}",
                        "{\"event_type\":\"audit.login\"}",
                        "{\"source\":\"/a\"}",
                        "{\"key\":[\"p1\",\"p2\"]}",
                        "{\"correlation_id\":\"c3\",\"priority\":\"high\"}",
                        "{\"causation_id\":\"none\"}",
                        "{\"payload\":{\"n\":[1,2.0,\"3\"]}}",
                        "{\"payload\":{\"deep\":{\"list\":{\"1\":\"b\"}}}}",
                        "{\"payload\":{\"deep\":{\"list\":{\"-1\":\"b\"}}}}",
                        "{\"payload\":{\"flag\":[true,null]}}",
                        "{\"payload\":{\"missing\":null}}")) {
            String target = topic("filtered.t" + Integer.toHexString(filter.hashCode()), 1);
            JsonNode done =
                    done(
                            replay(
                                    source,
                                    "\"filter\":"
                                            + filter
                                            + ",\"target_topic\":\""
                                            + target
                                            + "\""));
            assertThat(done.get("source").stringValue()).isEqualTo("kafka");
            assertThat(done.get("replayed").intValue())
                    .as("what Kafka gave for %s, against what the store counted", filter)
                    .isEqualTo(done.get("matched").intValue());
        }
    }

    @Test
    void anIdThatWasPublishedTwiceIsReplayedOnce() {
        String source = topic("twice", 1);
        String target = topic("twice.target", 1);
        for (int i = 0; i < 3; i++) {
            Answer sent =
                    bus.post(
                            "service",
                            "/events/publish",
                            "{\"event_type\":\"game.kill\",\"topic\":\"%s\",\"payload\":{\"n\":%d}}"
                                    .formatted(source, 0),
                            "Idempotency-Key",
                            "the-same");
            assertThat(sent.status()).as(sent.body().toString()).isEqualTo(200);
        }
        assertThat(read(source)).hasSize(3);

        JsonNode done = done(replay(source, "\"target_topic\":\"" + target + "\""));

        assertThat(done.get("source").stringValue()).isEqualTo("kafka");
        assertThat(done.get("replayed").intValue()).isEqualTo(1);
        assertThat(numbers(target)).containsExactly(0);
    }

    @Test
    void whatARelayRepeatedIsReplayedOnce() {
        String source = topic("relayed", 1);
        String target = topic("relayed.target", 1);
        Instant accepted = platform.clock().instant().truncatedTo(ChronoUnit.MILLIS);
        Envelope event =
                Envelope.of(
                                EventId.ofItem(EventId.at(accepted), 0).toString(),
                                "game.relayed",
                                "/liveops",
                                accepted)
                        .idOrigin(IdOrigin.RELAYED)
                        .acceptedAt(accepted)
                        .json("{\"n\": 0}".getBytes(StandardCharsets.UTF_8))
                        .build();
        for (int i = 0; i < 3; i++) {
            bus.bus.publisher().forward(source, List.of(event)).join();
        }
        bus.awaitStore();
        assertThat(read(source)).hasSize(3);

        // Slow enough that each is read by itself.
        JsonNode done =
                done(replay(source, "\"rate_per_second\":4,\"target_topic\":\"" + target + "\""));

        assertThat(done.get("source").stringValue()).isEqualTo("kafka");
        assertThat(done.get("replayed").intValue()).isEqualTo(1);
        assertThat(numbers(target)).containsExactly(0);
    }

    @Test
    void aSubscriptionGetsItOnceMoreMarkedInOrderAndEachOnceAlthoughAnInstanceEnds() {
        String source = topic("again", 2);
        publish(source, 0, 120);
        Answer subscription;
        Answer made;
        try (BusInstance first = new BusInstance(platform, Map.of())) {
            subscription =
                    first.post(
                            "service",
                            "/subscriptions",
                            """
                            {"service_name": "s", "method": "sse", "topic_pattern": "%s", "requires_ack": true}
                            """
                                    .formatted(source));
            made =
                    replay(
                            source,
                            "\"rate_per_second\":10,\"subscription_id\":\""
                                    + subscription.text("subscription_id")
                                    + "\"");
            assertThat(made.status()).as(made.body().toString()).isEqualTo(202);
            assertThat(made.text("subscription_id"))
                    .isEqualTo(subscription.text("subscription_id"));
            String path = "/replay/" + made.text("replay_id");
            Await.until("it has begun", () -> status(path).get("replayed").intValue() > 0);
            // As if its holder had died: the lease stands, and ends.
            execute(
                    "UPDATE bus.replays SET lease = uuidv7(), leased_until = clock_timestamp() WHERE replay_id = '"
                            + made.text("replay_id")
                            + "'");
            JsonNode left = status(path);
            assertThat(left.get("status").stringValue()).isEqualTo("running");
            assertThat(left.get("replayed").intValue()).isLessThan(120);
        }
        JsonNode done = done(made);
        assertThat(done.get("replayed").intValue()).isEqualTo(120);
        assertThat(done.get("target").stringValue()).isEqualTo("subscription");
        List<Integer> taken = new ArrayList<>();
        Map<String, Integer> last = new HashMap<>();
        String path = "/subscriptions/" + subscription.text("subscription_id");
        JsonNode events =
                bus.post("service", path + "/pull", "{\"max\": 1000}").body().get("events");
        for (JsonNode one : events) {
            JsonNode event = one.get("event");
            assertThat(event.get("replayid").stringValue()).isEqualTo(made.text("replay_id"));
            int n = event.get("data").get("n").intValue();
            Integer before = last.put(event.path("partitionkey").asString(""), n);
            assertThat(before == null || before < n).as("in the order of its key").isTrue();
            taken.add(n);
        }
        assertThat(taken).containsExactlyInAnyOrderElementsOf(upTo(120));
    }

    @Test
    void replaysThatWaitForAFullSubscriptionLetOthersRun() {
        String source = topic("waits", 1);
        String target = topic("waits.target", 1);
        publish(source, 0, 10);
        Answer full =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "full", "method": "sse", "topic_pattern": "%s", "start_from": "now"}
                        """
                                .formatted(source));
        String id = full.text("subscription_id");
        execute(
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    attempts, due_at, taken, accepted_at)
                SELECT '%s', n, 'e' || n, 'game.kill', '%s', 1, '{}', 0, now(), false, now()
                FROM generate_series(1, 5000) n
                """
                        .formatted(id, source));
        Answer one = replay(source, "\"subscription_id\":\"" + id + "\"");
        Answer two = replay(source, "\"subscription_id\":\"" + id + "\"");
        for (Answer waiting : List.of(one, two)) {
            String path = "/replay/" + waiting.text("replay_id");
            Await.until(
                    "it has begun",
                    () -> status(path).path("status").asString("").equals("running"));
        }

        done(replay(source, "\"target_topic\":\"" + target + "\""));

        assertThat(numbers(target)).isEqualTo(upTo(10));
        execute("DELETE FROM bus.pending_deliveries WHERE subscription_id = '" + id + "'");
        assertThat(done(one).get("replayed").intValue()).isEqualTo(10);
        assertThat(done(two).get("replayed").intValue()).isEqualTo(10);
    }

    @Test
    void aReplayToASubscriptionThatIsNoneOrIsDeletedEnds() {
        String source = topic("gone", 1);
        publish(source, 0, 100);
        assertThat(replay(source, "\"subscription_id\":\"none\"").status()).isEqualTo(404);
        Answer own =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"kafka\"}");
        assertThat(
                        replay(
                                        source,
                                        "\"subscription_id\":\""
                                                + own.text("subscription_id")
                                                + "\"")
                                .status())
                .isEqualTo(409);
        Answer subscription =
                bus.post(
                        "service",
                        "/subscriptions",
                        "{\"service_name\": \"s\", \"method\": \"sse\"}");
        String id = subscription.text("subscription_id");
        Answer dry = replay(source, "\"dry_run\":true,\"subscription_id\":\"" + id + "\"");
        assertThat(dry.status()).isEqualTo(202);
        assertThat(dry.body().has("target_topic")).isFalse();
        Answer made = replay(source, "\"rate_per_second\":4,\"subscription_id\":\"" + id + "\"");
        String path = "/replay/" + made.text("replay_id");
        Await.until("it has begun", () -> status(path).get("replayed").intValue() > 0);
        assertThat(status(path).get("status").stringValue()).isEqualTo("running");
        bus.delete("service", "/subscriptions/" + id);
        Await.untilAsserted(
                "the replay fails",
                () -> assertThat(status(path).get("status").stringValue()).isEqualTo("failed"));
        assertThat(status(path).get("error").stringValue()).contains("deleted");
    }

    /**
     * As somebody may write it straight to Kafka; the store marks by that ending what is Base64.
     */
    @Test
    void textOfATypeThatEndsLikeTheStoresMarkIsReplayedAsItWas() throws Exception {
        String source = topic("marked", 2);
        String target = topic("marked.target", 1);
        String clipped = "text/" + "x".repeat(88) + ";base64;more";
        List<Envelope> events = new ArrayList<>();
        for (String type : List.of("text/plain;base64", clipped)) {
            for (String data : List.of("none!", "word", "")) {
                events.add(
                        Envelope.of(
                                        "e" + events.size(),
                                        "game.kill",
                                        "/s",
                                        platform.clock().instant())
                                .partitionKey("k")
                                .data(type, data.getBytes(StandardCharsets.UTF_8))
                                .build());
            }
        }
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        platform.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Envelope event : events) {
                producer.send(KafkaEnvelopes.record(source, event)).get();
            }
        }
        bus.awaitStore();
        dropAll(source);

        done(replay(source, "\"target_topic\":\"" + target + "\""));

        List<Envelope> replayed = read(target);
        assertThat(replayed)
                .extracting(event -> new String(event.data(), StandardCharsets.UTF_8))
                .containsExactly("none!", "word", "", "none!", "word", "");
        assertThat(replayed.getFirst().contentType()).isEqualTo("text/plain;base64");
    }

    /** As it was stored before types that end so were told apart. */
    @Test
    void whatBearsTheMarkAndIsNoBase64IsReplayedAsText() {
        String source = topic("mistaken", 2);
        String target = topic("mistaken.target", 1);
        publish(source, 0, 1);
        bus.awaitStore();
        dropAll(source);
        execute(
                "UPDATE bus.events SET payload = 'none!', content_type = 'text/plain;base64'"
                        + " WHERE topic = '"
                        + source
                        + "'");

        done(replay(source, "\"target_topic\":\"" + target + "\""));

        assertThat(read(target))
                .extracting(event -> new String(event.data(), StandardCharsets.UTF_8))
                .containsExactly("none!");
    }

    /** An event that cannot be made now cannot in a moment. */
    @Test
    void aReplayThatADefectStopsWhereItStandsFailsInTheEnd() {
        String source = topic("broken", 2);
        String target = topic("broken.target", 1);
        publish(source, 0, 1);
        bus.awaitStore();
        dropAll(source);
        execute("UPDATE bus.events SET source = '' WHERE topic = '" + source + "'");

        Answer made = replay(source, "\"target_topic\":\"" + target + "\"");
        String path = "/replay/" + made.text("replay_id");
        Await.untilAsserted(
                "it has failed",
                () -> {
                    execute("UPDATE bus.replays SET leased_until = now() - interval '1 second'");
                    assertThat(status(path).get("status").stringValue()).isEqualTo("failed");
                });
        assertThat(status(path).get("error").stringValue()).startsWith("a defect");
    }

    private static List<Integer> upTo(int end) {
        return IntStream.range(0, end).boxed().toList();
    }

    private static void publish(String topic, int from, int count) {
        List<String> items = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            items.add(
                    """
                    {"topic":"%s","event_type":"%s","key":"p%d","source":"/%s","correlation_id":"c%d","priority":"%s",
                     "payload":{"n":%d,"flag":%s,"deep":{"list":["a","b"]}}}
                    """
                            .formatted(
                                    topic,
                                    i % 3 == 0 ? "audit.login" : "game.kill",
                                    i % 7,
                                    i % 2 == 0 ? "a" : "b",
                                    i % 5,
                                    i % 4 == 3 ? "high" : "normal",
                                    i,
                                    i % 2 == 0));
        }
        Answer published =
                bus.post("service", "/events/publish/batch", "[" + String.join(",", items) + "]");
        assertThat(published.body().path("failed").asInt(-1))
                .as(published.body().toString())
                .isZero();
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

    private static Answer replay(String source, String more) {
        return bus.post(
                "operator",
                "/replay",
                "{\"topic\":\"%s\",\"start_time\":\"%s\",%s}"
                        .formatted(source, platform.clock().instant().minusSeconds(60), more));
    }

    private static JsonNode status(String path) {
        return bus.get("operator", path + "/status").body();
    }

    private static JsonNode done(Answer made) {
        assertThat(made.status()).as(made.body().toString()).isEqualTo(202);
        String path = "/replay/" + made.text("replay_id");
        Await.untilAsserted(
                "the replay is done",
                () ->
                        assertThat(status(path).get("status").stringValue())
                                .as(status(path).toString())
                                .isEqualTo("completed"));
        return status(path);
    }

    private static void pauseInTheMiddle(Answer replay) {
        String path = "/replay/" + replay.text("replay_id");
        Await.until("it has begun", () -> status(path).get("replayed").intValue() > 0);
        assertThat(bus.post("operator", path + "/pause", "").status()).isEqualTo(200);
        Await.until("the piece under way is done", () -> isQuiet(replay));
    }

    /** At the rate by which a slow machine can pause it in the middle, it would take minutes. */
    private static void resumeAtFullSpeed(Answer replay) {
        String id = replay.text("replay_id");
        execute("UPDATE bus.replays SET rate_per_second = NULL WHERE replay_id = '" + id + "'");
        assertThat(bus.post("operator", "/replay/" + id + "/resume", "").status()).isEqualTo(200);
    }

    private static boolean isQuiet(Answer replay) throws Exception {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT lease IS NULL FROM bus.replays WHERE replay_id = '"
                                        + replay.text("replay_id")
                                        + "'")) {
            return row.next() && row.getBoolean(1);
        }
    }

    private static void execute(String sql) {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void deleteInKafka(String topic) {
        try (Admin admin = Admin.create(platform.kafka())) {
            admin.deleteTopics(List.of(topic))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
    }

    /** As retention does, to the offset. */
    private static void drop(String topic, long before) {
        try (Admin admin = Admin.create(platform.kafka())) {
            admin.deleteRecords(
                            Map.of(
                                    new TopicPartition(topic, 0),
                                    RecordsToDelete.beforeOffset(before)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
    }

    private static void dropAll(String topic) {
        try (Admin admin = Admin.create(platform.kafka())) {
            admin.deleteRecords(
                            Map.of(
                                    new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(-1),
                                    new TopicPartition(topic, 1), RecordsToDelete.beforeOffset(-1)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
    }

    private static List<Integer> numbers(String topic) {
        return read(topic).stream()
                .map(event -> Json.tree(event.data()).get("n").intValue())
                .toList();
    }

    private static boolean inOrderOnce(List<Envelope> events, int count) {
        Map<String, Integer> last = new HashMap<>();
        for (Envelope event : events) {
            int n = Json.tree(event.data()).get("n").intValue();
            Integer before = last.put(String.valueOf(event.partitionKey()), n);
            if (before != null && before >= n) {
                return false;
            }
        }
        return events.size() == count;
    }

    private static List<Envelope> read(String topic) {
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        platform.kafka(),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(topic).stream()
                            .map(p -> new TopicPartition(topic, p.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<Envelope> events = new ArrayList<>();
            while (partitions.stream()
                    .anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record -> events.add(KafkaEnvelopes.read(record)));
            }
            return events;
        }
    }
}
