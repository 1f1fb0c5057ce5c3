package dev.jubilee.server.bus;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.EventId;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.Receiver.Reply;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

class DeadLettersTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final AtomicInteger topics = new AtomicInteger();
    private static BusInstance bus;
    private Receiver receiver;

    @BeforeAll
    static void start() {
        bus =
                new BusInstance(
                        platform,
                        Map.of("EVENT_BUS_DEAD_LETTER_TOPIC", platform.topic("dead.letters")));
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @BeforeEach
    void openReceiver() {
        receiver = new Receiver();
        receiver.behaviour = request -> Reply.of(400);
    }

    @AfterEach
    void closeReceiver() {
        receiver.close();
    }

    @Test
    void deadLettersAreListedSearchedEditedRedrivenAndDropped() {
        String topic = topic(true);
        String path = subscribe(topic);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ids.add(publish(topic, i == 2 ? "game.odd" : "game.even", i));
        }
        Await.untilAsserted("all are dead", () -> assertThat(total(path, "")).isEqualTo(3));
        assertThat(total(path, "?event_type=game.odd")).isEqualTo(1);
        assertThat(total(path, "?event_id=" + ids.getFirst())).isEqualTo(1);
        assertThat(total(path, "?reason=answered%20400")).isEqualTo(3);
        assertThat(total(path, "?reason=answered%20500")).isZero();
        JsonNode page = bus.get("service", path + "/dead-letters?limit=2").body();
        assertThat(page.get("dead_letters")).hasSize(2);
        assertThat(
                        bus.get(
                                        "service",
                                        path
                                                + "/dead-letters?limit=2&cursor="
                                                + page.get("next_cursor").stringValue())
                                .body()
                                .get("dead_letters"))
                .hasSize(1);
        assertThat(bus.get("service", "/events/" + ids.getFirst() + "/status").text("status"))
                .isEqualTo("failed");

        String first = idOf(path, ids.getFirst());
        String large = "{\"data\": \"" + "x".repeat(1 << 20) + "\"}";
        assertThat(bus.patch("operator", path + "/dead-letters/" + first, large).status())
                .isEqualTo(413);
        Answer edited =
                bus.patch("operator", path + "/dead-letters/" + first, "{\"data\": {\"n\": 42}}");
        assertThat(edited.body().get("event").get("data").get("n").intValue()).isEqualTo(42);
        assertThat(
                        bus.delete("operator", path + "/dead-letters/" + idOf(path, ids.get(1)))
                                .status())
                .isEqualTo(204);

        receiver.behaviour = request -> Reply.of(200);
        receiver.received.clear();
        Answer begun =
                bus.post(
                        "operator",
                        path + "/dead-letters/redrive",
                        "{\"dead_letter_ids\": [\"" + first + "\"]}");
        assertThat(begun.status()).isEqualTo(202);
        assertThat(begun.body().get("total").intValue()).isEqualTo(1);
        Await.untilAsserted(
                "it came, as it was edited",
                () -> {
                    assertThat(receiver.eventIds()).containsExactly(ids.getFirst());
                    assertThat(receiver.received.getFirst().json().get("data").get("n").intValue())
                            .isEqualTo(42);
                    JsonNode progress =
                            bus.get("operator", path + "/redrives/" + begun.text("redrive_id"))
                                    .body();
                    assertThat(progress.get("status").stringValue()).isEqualTo("completed");
                    assertThat(progress.get("redriven").intValue()).isEqualTo(1);
                    assertThat(progress.get("progress_percent").doubleValue()).isEqualTo(100);
                });
        assertThat(total(path, "")).isEqualTo(1);
        bus.post("operator", path + "/dead-letters/redrive", "{}");
        Await.untilAsserted(
                "all came",
                () -> {
                    assertThat(receiver.eventIds()).containsExactly(ids.getFirst(), ids.get(2));
                    assertThat(
                                    bus.get("service", "/events/" + ids.get(2) + "/status")
                                            .text("status"))
                            .isEqualTo("completed");
                });
        assertThat(total(path, "")).isZero();
        assertThat(bus.registry.get("event_bus_dead_letters").counter().count())
                .isGreaterThanOrEqualTo(3);
    }

    @Test
    void aDeadLetterIsCopiedToTheTopicWhereItsOwnTopicAsksForIt() {
        String silent = topic(false);
        publishTo(silent);
        String topic = topic(true);
        String path = subscribe(topic);
        String id = publish(topic, "game.copied", 7);
        Await.untilAsserted("it is dead", () -> assertThat(total(path, "")).isEqualTo(1));

        List<ConsumerRecord<byte[], byte[]>> copies =
                copiesUntil(found ->
                        assertThat(found.stream().map(one -> header(one, "ce_deadletterevent")))
                                .contains(id));
        assertThat(copies.stream().map(one -> header(one, "ce_deadlettertopic")))
                .contains(topic)
                .doesNotContain(silent);
        assertThat(copies.stream().map(one -> header(one, "ce_deadletterreason")))
                .contains("the endpoint answered 400");
    }

    @Test
    void whatIsNoCloudEventIsCopiedAsItStandsAndHoldsUpNoOther() throws Exception {
        String topic = topic(true);
        String path = subscribe(topic);
        try (KafkaProducer<byte[], byte[]> foreign =
                new KafkaProducer<>(
                        platform.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
            ProducerRecord<byte[], byte[]> record =
                    new ProducerRecord<>(topic, "{\"n\": 5}".getBytes(UTF_8));
            record.headers()
                    .add("ce_specversion", "1.0".getBytes(UTF_8))
                    .add("ce_id", "foreign-1".getBytes(UTF_8))
                    .add("ce_type", "game.foreign".getBytes(UTF_8))
                    .add("ce_source", "elsewhere".getBytes(UTF_8))
                    .add("ce_trace-id", "abc".getBytes(UTF_8));
            foreign.send(record).get();
        }
        Await.untilAsserted("it is dead", () -> assertThat(total(path, "")).isEqualTo(1));
        String next = publish(topic, "game.next", 1);
        Await.untilAsserted("both are dead", () -> assertThat(total(path, "")).isEqualTo(2));

        List<ConsumerRecord<byte[], byte[]>> copies =
                copiesUntil(found ->
                        assertThat(found.stream().map(one -> header(one, "ce_deadletterevent")))
                                .contains("foreign-1", next));
        ConsumerRecord<byte[], byte[]> copy =
                copies.stream()
                        .filter(one -> header(one, "ce_deadletterevent").equals("foreign-1"))
                        .findFirst()
                        .orElseThrow();
        assertThat(header(copy, "ce_type")).isEqualTo("game.foreign");
        assertThat(new String(copy.value(), UTF_8)).contains("\"trace-id\":\"abc\"");
        assertThat(copy.value()).asString(UTF_8).contains("\"n\": 5");
    }

    private static List<ConsumerRecord<byte[], byte[]>> copiesUntil(
            Consumer<List<ConsumerRecord<byte[], byte[]>>> asExpected) {
        List<ConsumerRecord<byte[], byte[]>> copies = new ArrayList<>();
        Properties kafka = platform.kafka();
        kafka.setProperty("group.id", platform.prefix() + "reader" + topics.incrementAndGet());
        kafka.setProperty("auto.offset.reset", "earliest");
        kafka.setProperty("metadata.max.age.ms", "500");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(platform.topic("dead.letters")));
            Await.untilAsserted(
                    "the copy is there",
                    () -> {
                        consumer.poll(Duration.ofMillis(200)).forEach(copies::add);
                        asExpected.accept(copies);
                    });
        }
        return copies;
    }

    @Test
    void aRedriveThatNobodyWorksOnGoesOn() throws Exception {
        String topic = topic(false);
        String path = subscribe(topic);
        publish(topic, "game.left", 1);
        Await.untilAsserted("it is dead", () -> assertThat(total(path, "")).isEqualTo(1));
        receiver.behaviour = request -> Reply.of(200);
        String subscription = path.substring(path.lastIndexOf('/') + 1);
        String redrive = EventId.derived("redrive", subscription).toString();
        // As one stands whose instance was killed: running, and nobody is told of it.
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(
                    """
                    INSERT INTO bus.redrives (id, subscription_id, filter, status, total, last_id, created_at)
                    VALUES ('%s', '%s', '{}', 'running', 1, 'ffffffff-ffff-ffff-ffff-ffffffffffff', now())
                    """
                            .formatted(redrive, subscription));
        }

        Await.untilAsserted(
                "it is done",
                () ->
                        assertThat(bus.get("service", path + "/redrives/" + redrive).text("status"))
                                .isEqualTo("completed"));
        assertThat(total(path, "")).isZero();
    }

    @Test
    void everyAnswerTellsWhatBecameOfAnEvent() {
        String topic = topic(false);
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                         "max_retries": 1, "retry_delay": 0, "ordering": "none"}
                        """
                                .formatted(topic, receiver.url()));
        String path = "/subscriptions/" + made.text("subscription_id");
        receiver.behaviour =
                request -> Reply.of(request.json().get("data").asInt(0) == 1 ? 400 : 200);
        String dead = publish(topic, "game.dies", 1);
        String fine = publish(topic, "game.lives", 2);
        Await.untilAsserted("one is dead", () -> assertThat(total(path, "")).isEqualTo(1));
        Await.untilAsserted(
                "both have an end",
                () ->
                        assertThat(searched(topic))
                                .isEqualTo(Map.of(dead, "failed 1", fine, "completed 0")));
        JsonNode trace = bus.get("service", "/events/" + dead + "/trace").body();
        assertThat(standing(trace.at("/events/0/event"))).isEqualTo("failed 1");
        Answer replay =
                bus.post(
                        "operator",
                        "/replay",
                        "{\"topic\": \"%s\", \"file\": true, \"filter\": {\"event_type\": \"game.dies\"}, \"start_time\": \"%s\"}"
                                .formatted(topic, platform.clock().instant().minusSeconds(60)));
        String file = bus.text("operator", "/replay/" + replay.text("replay_id") + "/file");
        assertThat(standing(Json.tree(file))).isEqualTo("failed 1");

        assertThat(bus.delete("service", path + "/dead-letters/" + idOf(path, dead)).status())
                .isEqualTo(204);
        assertThat(total(path, "")).isZero();
        assertThat(bus.get("service", "/events/" + dead + "/status").text("status"))
                .isEqualTo("failed");
        assertThat(searched(topic)).containsEntry(dead, "failed 1");
    }

    private static Map<String, String> searched(String topic) {
        Map<String, String> standings = new HashMap<>();
        bus.get("service", "/events?topic=" + topic)
                .body()
                .get("events")
                .forEach(event ->
                        standings.put(event.get("event_id").stringValue(), standing(event)));
        return standings;
    }

    private static String standing(JsonNode event) {
        return event.get("status").stringValue() + " " + event.get("retry_count").intValue();
    }

    @Test
    void aSampleIsSentAndJudged() {
        String topic = topic(true);
        String path = subscribe(topic);
        Answer tested =
                bus.post(
                        "service",
                        path + "/test",
                        "{\"event_type\": \"game.x\", \"data\": {\"a\": 1}}");
        assertThat(tested.body().get("delivered").booleanValue()).isFalse();
        assertThat(tested.body().get("status_code").intValue()).isEqualTo(400);
        assertThat(tested.body().get("selected").booleanValue()).isFalse();
        assertThat(tested.body().get("mismatches").get(0).get("field").stringValue())
                .isEqualTo("topic");
        assertThat(receiver.received).hasSize(1);
        assertThat(receiver.received.getFirst().json().get("data").get("a").intValue())
                .isEqualTo(1);
    }

    private void publishTo(String silent) {
        String path = subscribe(silent);
        publish(silent, "game.silent", 1);
        Await.untilAsserted("it is dead", () -> assertThat(total(path, "")).isEqualTo(1));
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), UTF_8);
    }

    private static int total(String path, String query) {
        return bus.get("service", path + "/dead-letters" + query).body().get("total").intValue();
    }

    private static String idOf(String path, String eventId) {
        return bus.get("service", path + "/dead-letters?event_id=" + eventId)
                .body()
                .get("dead_letters")
                .get(0)
                .get("dead_letter_id")
                .stringValue();
    }

    private static String topic(boolean enableDlq) {
        String name = platform.topic("dying." + topics.incrementAndGet());
        assertThat(
                        bus.post(
                                        "operator",
                                        "/topics",
                                        "{\"name\":\"%s\", \"enable_dlq\": %s}"
                                                .formatted(name, enableDlq))
                                .status())
                .isEqualTo(201);
        return name;
    }

    private String subscribe(String topic) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                         "max_retries": 0, "ordering": "none"}
                        """
                                .formatted(topic, receiver.url()));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return "/subscriptions/" + made.text("subscription_id");
    }

    private static String publish(String topic, String type, int payload) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"%s\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": %d}"
                                .formatted(type, topic, payload));
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }
}
