package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Subscriptions whose events are written to a topic. */
class RoutedTopicTest {
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
    void whatIsSelectedIsWrittenToTheTopicMarkedAndInTheOrderOfItsKeys() {
        String source = topic("kills", 3);
        String target = topic("kills.copy", 2);
        Answer made = subscribe(source, target, ", \"event_types\": [\"game.kill\"]");
        publish(source, "game.heal", 0, 5);
        publish(source, "game.kill", 0, 300);

        List<Envelope> written = awaitWritten(target, 300);

        assertThat(written).allMatch(event -> event.type().equals("game.kill"));
        assertThat(inOrder(written)).isTrue();
        assertThat(written)
                .allSatisfy(event ->
                        assertThat(event.extensions())
                                .containsEntry("routedby", made.text("subscription_id")));
        assertThat(written).extracting(Envelope::id).doesNotHaveDuplicates();
        Await.untilAsserted(
                "it says of each that it was delivered, once",
                () -> assertThat(attempts(made)).containsExactly(Map.entry("delivered", 300)));
        // The store has read the copies, and stored none of them.
        bus.awaitStore();
        assertThat(count("SELECT count(*) FROM bus.events WHERE topic = '" + target + "'"))
                .isZero();
    }

    @Test
    void itBeginsWherePastBeginsAndPausesAndRewinds() {
        String source = topic("past", 2);
        String target = topic("past.copy", 1);
        publish(source, "game.kill", 0, 20);
        Answer made = subscribe(source, target, ", \"start_from\": \"beginning\"");
        awaitWritten(target, 20);
        String path = "/subscriptions/" + made.text("subscription_id");
        assertThat(bus.post("service", path + "/pause", "").status()).isEqualTo(200);
        publish(source, "game.kill", 20, 10);
        Await.until("they are owed", () -> owed(made) == 10);
        assertThat(read(target)).hasSize(20);
        assertThat(bus.post("service", path + "/resume", "").status()).isEqualTo(200);
        awaitWritten(target, 30);

        Answer rewound = bus.post("service", path + "/rewind", "{\"to\": \"beginning\"}");

        assertThat(rewound.status()).isEqualTo(200);
        assertThat(inOrder(awaitWritten(target, 60).subList(30, 60))).isTrue();
    }

    /** Between the commit in Kafka and the one in PostgreSQL, whoever goes on must ask. */
    @Test
    void whatIsWrittenButCouldNotBeRecordedIsNotWrittenAgain() throws Exception {
        String source = topic("gap", 1);
        String target = topic("gap.copy", 1);
        Answer made = subscribe(source, target, "");
        publish(source, "game.kill", 0, 1);
        Await.until("the first is recorded", () -> attempts(made).equals(Map.of("delivered", 1)));
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE bus.event_deliveries IN EXCLUSIVE MODE");
            publish(source, "game.kill", 1, 40);
            Await.until("a batch is written", () -> read(target).size() > 1);
            cut("%event_deliveries%");
            connection.rollback();
        }
        Await.until("all are recorded", () -> owed(made) == 0);

        assertThat(awaitWritten(target, 41)).extracting(Envelope::id).doesNotHaveDuplicates();
        assertThat(attempts(made)).containsExactly(Map.entry("delivered", 41));
    }

    @Test
    void whoeverIsFencedInTheMiddleLosesNothingAndRepeatsNothing() throws Exception {
        String source = topic("fenced", 2);
        String target = topic("fenced.copy", 2);
        Answer made = subscribe(source, target, "");
        publish(source, "game.kill", 0, 1);
        awaitWritten(target, 1);
        AtomicBoolean over = new AtomicBoolean();
        Thread fencer =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!over.get()) {
                                fence("jubilee.routed." + made.text("subscription_id"));
                            }
                        });
        for (int i = 0; i < 15; i++) {
            publish(source, "game.kill", 1 + i * 100, 100);
        }
        over.set(true);
        fencer.join();

        List<Envelope> written = awaitWritten(target, 1_501);

        assertThat(written).extracting(Envelope::id).doesNotHaveDuplicates();
        assertThat(inOrder(written)).isTrue();
        Await.untilAsserted(
                "each is recorded as delivered once",
                () -> assertThat(attempts(made)).containsEntry("delivered", 1_501));
        assertThat(attempts(made)).containsOnlyKeys("delivered", "failed");
        assertThat(
                        count(
                                """
                                SELECT count(*) FROM (
                                    SELECT status, attempt_number,
                                        row_number() OVER (PARTITION BY event_id ORDER BY attempt_number) AS place,
                                        count(*) OVER (PARTITION BY event_id) AS of
                                    FROM bus.event_deliveries WHERE subscription_id = '%s') AS tries
                                WHERE attempt_number <> place OR (status = 'delivered') <> (place = of)
                                """
                                        .formatted(made.text("subscription_id"))))
                .as("attempts are counted from 1, and the last one succeeded")
                .isZero();
    }

    @Test
    void whatTheTopicRefusesIsADeadLetterAndHoldsNothingUp() {
        String source = topic("large", 1);
        String target = topic("large.copy", 1);
        Answer made = subscribe(source, target, "");
        configure(target, "max.message.bytes", "2000");
        publish(source, "game.kill", 0, 3);
        Answer large =
                bus.post(
                        "service",
                        "/events/publish",
                        """
                        {"event_type": "game.kill", "topic": "%s", "key": "p0", "payload": {"n": 9, "text": "%s"}}
                        """
                                .formatted(source, randomText(9_000)));
        assertThat(large.status()).as(large.body().toString()).isEqualTo(200);
        publish(source, "game.kill", 3, 3);

        assertThat(numbers(awaitWritten(target, 6))).containsExactly(0, 1, 2, 3, 4, 5);
        Await.untilAsserted(
                "the large one is given up",
                () ->
                        assertThat(attempts(made))
                                .containsOnly(Map.entry("delivered", 6), Map.entry("dead", 1)));
        JsonNode dead =
                bus.get(
                                "service",
                                "/subscriptions/" + made.text("subscription_id") + "/dead-letters")
                        .body()
                        .path("dead_letters");
        assertThat(dead).hasSize(1);
        configure(target, "max.message.bytes", "100000");
        bus.post(
                "service",
                "/subscriptions/" + made.text("subscription_id") + "/dead-letters/redrive",
                "{}");
        awaitWritten(target, 7);
    }

    /** All look at each change, and a producer has threads and buffers of its own. */
    @Test
    void whoIsOwedNothingHasNoProducer() throws Exception {
        String source = topic("idle", 1);
        String target = topic("idle.copy", 1);
        String nobody = topic("idle.nobody", 1);
        Answer idle = subscribe(nobody, target, "");
        Answer busy = subscribe(source, target, "");
        publish(source, "game.kill", 0, 1);
        awaitWritten(target, 1);

        try (var admin = org.apache.kafka.clients.admin.Admin.create(platform.kafka())) {
            assertThat(admin.listTransactions().all().get())
                    .extracting(TransactionListing::transactionalId)
                    .contains("jubilee.routed." + busy.text("subscription_id"))
                    .doesNotContain("jubilee.routed." + idle.text("subscription_id"));
        }
    }

    /** Somebody may write to Kafka directly, with headers that name no attribute. */
    @Test
    void whatCannotBeWrittenAsAnEventIsADeadLetterAndHoldsNothingUp() {
        String source = topic("odd", 1);
        String target = topic("odd.copy", 1);
        Answer made = subscribe(source, target, "");
        publish(source, "game.kill", 0, 1);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        platform.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
            var odd =
                    new ProducerRecord<byte[], byte[]>(
                            source, "{\"n\": 9}".getBytes(StandardCharsets.UTF_8));
            odd.headers().add("ce_trace-id", "1".getBytes(StandardCharsets.UTF_8));
            var _ = producer.send(odd);
        }
        publish(source, "game.kill", 1, 2);

        assertThat(numbers(awaitWritten(target, 3))).containsExactly(0, 1, 2);
        Await.untilAsserted(
                "the odd one is given up",
                () ->
                        assertThat(attempts(made))
                                .containsOnly(Map.entry("delivered", 3), Map.entry("dead", 1)));
    }

    @Test
    void twoSubscriptionsThatWriteToEachOthersTopicsDoNotDoSoForEver() {
        String ping = topic("ping", 1);
        String pong = topic("pong", 1);
        subscribe(ping, pong, "");
        subscribe(pong, ping, "");
        publish(ping, "game.kill", 0, 1);
        awaitWritten(pong, 1);
        publish(pong, "game.kill", 1, 1);

        assertThat(numbers(awaitWritten(ping, 2))).containsExactly(0, 1);
        assertThat(numbers(awaitWritten(pong, 2))).containsExactly(0, 1);
        publish(ping, "game.kill", 2, 1);
        assertThat(numbers(awaitWritten(pong, 3))).containsExactly(0, 1, 2);
    }

    @Test
    void whatMakesNoSenseIsRefusedByName() {
        String source = topic("refused", 1);
        String target = topic("refused.copy", 1);
        Answer refused =
                subscribe(
                        source,
                        target,
                        """
                        , "rate_limit_per_min": 5, "requires_ack": false, "ordering": "none", "max_retries": 1,
                        "enable_batching": true, "auth_token": "x", "endpoint": "http://127.0.0.1:9/"
                        """);
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .containsExactlyInAnyOrder(
                        "rate_limit_per_min",
                        "requires_ack",
                        "ordering",
                        "max_retries",
                        "enable_batching",
                        "auth_token",
                        "endpoint");
        assertThat(faultOf(subscribe(source, "no.such.topic", ""))).isEqualTo("target_topic");
        assertThat(faultOf(subscribe(source, source, ""))).isEqualTo("target_topic");
        assertThat(faultOf(subscribe("#", target, ""))).isEqualTo("target_topic");
        Answer made = subscribe(source, target, "");
        assertThat(made.status()).isEqualTo(201);
        assertThat(made.text("target_topic")).isEqualTo(target);
        assertThat(made.body().has("consumer_group")).isFalse();
        String path = "/subscriptions/" + made.text("subscription_id");
        assertThat(faultOf(bus.patch("service", path, "{\"topic_pattern\": \"#\"}")))
                .isEqualTo("topic_pattern");
        assertThat(faultOf(bus.patch("service", path, "{\"target_topic\": \"" + source + "\"}")))
                .isEqualTo("target_topic");
        Answer guarded =
                bus.send("DELETE", "operator", "/topics/" + target + "?confirm=" + target, null);
        assertThat(guarded.status()).isEqualTo(409);
    }

    private static String faultOf(Answer refused) {
        assertThat(refused.status()).as(refused.body().toString()).isEqualTo(422);
        return refused.body().at("/errors/0/field").stringValue();
    }

    private static Answer subscribe(String source, String target, String more) {
        return bus.post(
                "service",
                "/subscriptions",
                """
                {"service_name": "s", "method": "kafka", "topic_pattern": "%s", "target_topic": "%s"%s}
                """
                        .formatted(source, target, more));
    }

    private static void publish(String topic, String type, int from, int count) {
        List<String> items = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            items.add(
                    "{\"topic\":\"%s\",\"event_type\":\"%s\",\"key\":\"p%d\",\"payload\":{\"n\":%d}}"
                            .formatted(topic, type, i % 7, i));
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

    /** Takes the name of whoever writes, for a moment. */
    private static void fence(String transactionalId) {
        Properties config = platform.kafka();
        config.setProperty(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
        } catch (org.apache.kafka.common.KafkaException e) {
            // The one that is fenced was quicker.
        }
    }

    /** Returns once the broker has heard of it from its controller. */
    private static void configure(String topic, String name, String value) {
        try (var admin = org.apache.kafka.clients.admin.Admin.create(platform.kafka())) {
            var resource =
                    new org.apache.kafka.common.config.ConfigResource(
                            org.apache.kafka.common.config.ConfigResource.Type.TOPIC, topic);
            var op =
                    new org.apache.kafka.clients.admin.AlterConfigOp(
                            new org.apache.kafka.clients.admin.ConfigEntry(name, value),
                            org.apache.kafka.clients.admin.AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(op)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
            Await.untilAsserted(
                    "it is in force",
                    () ->
                            assertThat(
                                            admin.describeConfigs(List.of(resource))
                                                    .all()
                                                    .get()
                                                    .values())
                                    .singleElement()
                                    .satisfies(config ->
                                            assertThat(config.get(name).value()).isEqualTo(value)));
        }
    }

    /** That does not compress. */
    private static String randomText(int length) {
        var random = new java.util.Random(7);
        return random.ints(length, 'a', 'z' + 1)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static List<Envelope> awaitWritten(String topic, int count) {
        Await.untilAsserted(
                "so many are written",
                () -> assertThat(read(topic)).hasSizeGreaterThanOrEqualTo(count));
        List<Envelope> written = read(topic);
        assertThat(written).hasSize(count);
        return written;
    }

    private static List<Integer> numbers(List<Envelope> events) {
        return events.stream().map(event -> Json.tree(event.data()).get("n").intValue()).toList();
    }

    private static boolean inOrder(List<Envelope> events) {
        Map<String, Integer> last = new HashMap<>();
        for (Envelope event : events) {
            int n = Json.tree(event.data()).get("n").intValue();
            Integer before = last.put(String.valueOf(event.partitionKey()), n);
            if (before != null && before >= n) {
                return false;
            }
        }
        return true;
    }

    /** Ends every connection that waits for a lock with such a statement. */
    private static void cut(String statement) {
        Await.until(
                "it waits",
                () ->
                        count(
                                        """
                                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                                        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%s'
                                        """
                                                .formatted(statement))
                                > 0);
    }

    /** Everything that is committed on a topic, partition by partition. */
    private static List<Envelope> read(String topic) {
        Properties config = platform.kafka();
        config.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
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

    private static long owed(Answer subscription) {
        return count(
                "SELECT count(*) FROM bus.pending_deliveries WHERE subscription_id = '"
                        + subscription.text("subscription_id")
                        + "'");
    }

    private static Map<String, Integer> attempts(Answer subscription) {
        Map<String, Integer> counts = new HashMap<>();
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT status, count(*) FROM bus.event_deliveries WHERE subscription_id = '"
                                        + subscription.text("subscription_id")
                                        + "' GROUP BY 1")) {
            while (row.next()) {
                counts.put(row.getString(1), row.getInt(2));
            }
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
        return counts;
    }

    private static long count(String sql) {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
