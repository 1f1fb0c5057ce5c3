package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.store.EventStore;
import dev.jubilee.server.testing.Platform;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventStoreTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Map<String, String> HASTY = Map.of("EVENT_BUS_CATCH_UP_TIMEOUT", "2s");

    private static BusInstance one;
    private static BusInstance two;
    private static String topic;

    @BeforeAll
    static void start() {
        one = new BusInstance(platform, Map.of());
        two = new BusInstance(platform, Map.of());
        topic = platform.topic("events");
        assertThat(one.post("operator", "/topics", "{\"name\":\"" + topic + "\"}").status())
                .isEqualTo(201);
    }

    @AfterAll
    static void stop() {
        one.close();
        two.close();
    }

    @Test
    void theStatusOfAnEventIsTrueAtOnceFromAnyInstance() {
        for (int i = 0; i < 5; i++) {
            Answer published = publish(one, "\"payload\":{\"i\":" + i + "}");
            String id = published.text("event_id");

            Answer status = two.get("service", "/events/" + id + "/status");

            assertThat(status.status()).isEqualTo(200);
            assertThat(status.text("event_id")).isEqualTo(id);
            assertThat(status.text("status")).isEqualTo("completed");
            assertThat(status.body().get("partition")).isEqualTo(published.body().get("partition"));
            assertThat(status.body().get("offset")).isEqualTo(published.body().get("offset"));
            assertThat(status.body().get("retry_count").intValue()).isZero();
            assertThat(status.body().has("timestamp")).isTrue();
            assertThat(status.body().has("processed_at")).isTrue();
        }
    }

    @Test
    void anUnknownIdIsNotFoundOnceTheStoreHasCaughtUp() {
        publish(one, "\"payload\":1");
        assertThat(two.get("service", "/events/never-was/status").status()).isEqualTo(404);
        assertThat(two.get("player", "/events/never-was/status").status()).isEqualTo(403);
    }

    @Test
    void aBatchIsStoredWholeAndAsItWasSent() throws Exception {
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            items.append(i == 0 ? "" : ",")
                    .append(
                            """
                            {"event_type": "game.batch", "topic": "%s", "source": "batch", "key": "k%d",
                             "payload": "{\\"n\\": %d, \\"s\\": \\"žluť\\"}", "priority": "high",
                             "is_replayable": false, "correlation_id": "c%d", "causation_id": "d",
                             "timestamp": "2026-02-03T04:05:06.789Z"}
                            """
                                    .formatted(topic, i % 7, i, i));
        }
        Answer answer = one.post("service", "/events/publish/batch", "[" + items + "]");
        assertThat(answer.body().get("published").intValue()).isEqualTo(500);
        String last = answer.body().get("results").get(499).get("event_id").stringValue();
        assertThat(two.get("service", "/events/" + last + "/status").status()).isEqualTo(200);

        Await.untilAsserted(
                "all are stored",
                () -> assertThat(count("event_type = 'game.batch'")).isEqualTo(500));
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT * FROM bus.events WHERE event_id = '" + last + "'")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString("payload")).isEqualTo("{\"n\": 499, \"s\": \"žluť\"}");
            assertThat(row.getString("key")).isEqualTo("k2");
            assertThat(row.getString("source")).isEqualTo("batch");
            assertThat(row.getString("priority")).isEqualTo("high");
            assertThat(row.getBoolean("is_replayable")).isFalse();
            assertThat(row.getString("correlation_id")).isEqualTo("c499");
            assertThat(row.getString("causation_id")).isEqualTo("d");
            assertThat(row.getTimestamp("timestamp").toInstant())
                    .isEqualTo("2026-02-03T04:05:06.789Z");
            assertThat(row.getString("content_type")).isNull();
        }
    }

    @Test
    void aRetryIsStoredOnceThroughAnotherInstanceAndAfterMidnight() throws Exception {
        String body = "\"event_id\":\"retry-1\",\"payload\":1";
        publish(one, body);
        publish(two, body);
        String derived = publish(one, "\"payload\":1", "Idempotency-Key", "k").text("event_id");
        publish(two, "\"payload\":1", "Idempotency-Key", "k");
        platform.clock().advance(Duration.ofHours(20));
        publish(two, body);
        publish(one, "\"payload\":1", "Idempotency-Key", "k");
        one.awaitStore();

        assertThat(count("event_id = 'retry-1'")).isEqualTo(1);
        assertThat(count("event_id = '" + derived + "'")).isEqualTo(1);
        Answer status = two.get("service", "/events/retry-1/status");
        assertThat(status.status()).isEqualTo(200);
    }

    @Test
    void whatARelayRepeatsIsStoredOnceAmongWhatIsNew() throws Exception {
        Instant accepted = platform.clock().instant().truncatedTo(ChronoUnit.MILLIS);
        UUID batch = EventId.at(accepted);
        List<Envelope> first = relayed(batch, accepted, 0, 5);
        List<Envelope> again = relayed(batch, accepted, 0, 9);
        one.bus.publisher().forward(topic, first).get(2, TimeUnit.MINUTES);
        one.awaitStore();
        // Once among what is stored already, and twice at once.
        two.bus.publisher().forward(topic, again).get(2, TimeUnit.MINUTES);
        two.bus.publisher().forward(topic, again).get(2, TimeUnit.MINUTES);
        String last = again.getLast().id();

        assertThat(one.get("service", "/events/" + last + "/status").text("status"))
                .isEqualTo("completed");
        two.awaitStore();
        assertThat(count("event_type = 'game.relayed'")).isEqualTo(9);
        assertThat(number("SELECT count(*) FROM bus.event_ids WHERE event_id = '" + last + "'"))
                .as("no index of clients' ids holds it")
                .isZero();
    }

    private static List<Envelope> relayed(UUID batch, Instant accepted, int from, int to) {
        List<Envelope> events = new ArrayList<>();
        for (int i = from; i < to; i++) {
            events.add(
                    Envelope.of(
                                    EventId.ofItem(batch, i).toString(),
                                    "game.relayed",
                                    "/liveops",
                                    accepted)
                            .partitionKey("k" + i % 2)
                            .idOrigin(IdOrigin.RELAYED)
                            .acceptedAt(accepted)
                            .json("{}".getBytes(StandardCharsets.UTF_8))
                            .build());
        }
        return events;
    }

    @Test
    void whatIsWrittenStraightToKafkaNeverStallsTheStore() throws Exception {
        byte[] binary = {0, 1, (byte) 0xFF};
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        platform.kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, null, binary)).get();
            producer.send(new ProducerRecord<>(topic, binary, null)).get();
            producer.send(
                            new ProducerRecord<>(
                                    topic,
                                    null,
                                    "k".repeat(1_000).getBytes(StandardCharsets.UTF_8),
                                    "{}".getBytes(StandardCharsets.UTF_8),
                                    List.of(
                                            header("ce_id", "long-" + "x".repeat(5_000)),
                                            header("ce_type", "t".repeat(1_000)),
                                            header("ce_source", "s\u0000" + "s".repeat(1_000)),
                                            header("ce_acceptedat", "9999-01-01T00:00:00Z"),
                                            header("ce_time", "-99999-01-01T00:00:00Z"))))
                    .get();
        }
        Answer after = publish(one, "\"payload\":\"after\"".replace("\"after\"", "2"));

        String id = after.text("event_id");
        assertThat(two.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
        Await.untilAsserted(
                "all three are stored",
                () -> {
                    assertThat(count("content_type LIKE '%;base64' AND payload = 'AAH/'"))
                            .isEqualTo(1);
                    assertThat(count("event_type = repeat('t', 100)")).isEqualTo(1);
                    assertThat(count("payload IS NULL")).isEqualTo(1);
                });
        assertThat(parked()).isZero();
    }

    @Test
    void aRowThatPostgresRefusesIsParkedAndItsNeighboursAreStored() throws Exception {
        sql(
                """
                ALTER TABLE bus.events ADD CONSTRAINT no_poison CHECK (payload <> '{"poison":true}')
                """);
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String payload = i == 7 ? "{\"poison\":true}" : "{\"fine\":" + i + "}";
            items.add(
                    "{\"event_type\":\"game.poison\",\"event_id\":\"p-"
                            + i
                            + "\",\"topic\":\""
                            + topic
                            + "\",\"key\":\"p\",\"payload\":"
                            + payload
                            + "}");
        }
        one.post("service", "/events/publish/batch", "[" + String.join(",", items) + "]");
        Await.untilAsserted(
                "the others are stored",
                () -> assertThat(count("event_type = 'game.poison'")).isEqualTo(19));

        assertThat(parked()).isEqualTo(1);
        sql("ALTER TABLE bus.events DROP CONSTRAINT no_poison; DELETE FROM platform.parked_events");
    }

    @Test
    void publishingDoesWithoutPostgresAndTheStoreCatchesUp() throws Exception {
        String database = platform.databaseUrl().replaceAll(".*/", "");
        try (Connection admin =
                        java.sql.DriverManager.getConnection(
                                platform.anotherDatabase(), platform.user(), platform.password());
                Statement statement = admin.createStatement()) {
            try {
                statement.execute("ALTER DATABASE " + database + " ALLOW_CONNECTIONS false");
                statement.execute(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"
                                + database
                                + "'");
                for (int i = 0; i < 20; i++) {
                    publish(
                            i % 2 == 0 ? one : two,
                            "\"event_id\":\"down-" + i / 2 + "\",\"payload\":1");
                }
            } finally {
                statement.execute("ALTER DATABASE " + database + " ALLOW_CONNECTIONS true");
            }
        }
        Await.untilAsserted(
                "the store has caught up",
                () -> assertThat(count("client_event_id LIKE 'down-%'")).isEqualTo(10));
    }

    @Test
    void aZombieThatStandsWhereItNoLongerDoesStoresNothing() throws Exception {
        one.awaitStore();
        // Another consumer takes the record that is not there yet, by moving the position past it.
        Answer before = publish(one, "\"key\":\"z\",\"payload\":1");
        int partition = before.body().get("partition").intValue();
        long offset = before.body().get("offset").longValue();
        one.awaitStore();
        sql(
                "UPDATE platform.consumer_offsets SET next_offset = "
                        + (offset + 2)
                        + " WHERE consumer_group = '"
                        + EventStore.GROUP
                        + "' AND topic = '"
                        + topic
                        + "' AND partition = "
                        + partition);
        String taken = publish(one, "\"key\":\"z\",\"payload\":2").text("event_id");
        String next = publish(one, "\"key\":\"z\",\"payload\":3").text("event_id");

        assertThat(one.get("service", "/events/" + next + "/status").status()).isEqualTo(200);
        assertThat(count("event_id = '" + taken + "'")).isZero();
    }

    @Test
    void whatIsWrittenWhereKafkaLostItsEndIsStored() throws Exception {
        Answer before = publish(one, "\"key\":\"cut\",\"payload\":1");
        int partition = before.body().get("partition").intValue();
        one.awaitStore();
        String position =
                "consumer_group = 'store' AND topic = '%s' AND partition = %d"
                        .formatted(topic, partition);
        double lost = lostTail();
        // As if a thousand more had been stored, and Kafka had lost them since.
        sql(
                "UPDATE platform.consumer_offsets SET next_offset = next_offset + 1000 WHERE "
                        + position);
        publish(one, "\"key\":\"cut\",\"payload\":2");
        Await.until("it has gone back", () -> lostTail() > lost);

        String id = publish(one, "\"key\":\"cut\",\"payload\":3").text("event_id");

        assertThat(two.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
        assertThat(number("SELECT leader_epoch FROM platform.consumer_offsets WHERE " + position))
                .isNotNegative();
    }

    private static double lostTail() {
        return List.of(one, two).stream()
                .mapToDouble(it ->
                        it.registry
                                .get("jubilee.consumer.lost.tail.records")
                                .tag("group", EventStore.GROUP)
                                .counter()
                                .count())
                .sum();
    }

    @Test
    void anEventThatTheStoreHasNotReachedIsNotSaidToBeNone() throws Exception {
        publish(one, "\"key\":\"slow\",\"payload\":0");
        one.awaitStore();
        String id;
        try (BusInstance hasty = new BusInstance(platform, HASTY);
                Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM platform.consumer_offsets WHERE consumer_group = 'store' FOR UPDATE");
            id = publish(one, "\"key\":\"slow\",\"payload\":1").text("event_id");

            Answer behind = hasty.get("service", "/events/" + id + "/status");

            assertThat(behind.status()).isEqualTo(503);
            assertThat(behind.text("code")).isEqualTo("event_store_behind");
            assertThat(behind.headers().firstValue("Retry-After")).hasValue("1");
            connection.rollback();
        }
        assertThat(two.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
    }

    @Test
    void oldDaysAreDroppedAndOldIdsForgotten() throws Exception {
        publish(one, "\"event_id\":\"old-1\",\"payload\":1");
        assertThat(one.get("service", "/events/old-1/status").status()).isEqualTo(200);
        platform.clock().advance(Duration.ofDays(9));
        publish(one, "\"event_id\":\"new-1\",\"payload\":1");
        assertThat(one.get("service", "/events/new-1/status").status()).isEqualTo(200);

        one.bus.store().retention().run();
        one.bus.store().retention().forgetIds();

        assertThat(count("event_id = 'old-1'")).isZero();
        assertThat(count("event_id = 'new-1'")).isEqualTo(1);
        assertThat(one.get("service", "/events/old-1/status").status()).isEqualTo(404);
        publish(one, "\"event_id\":\"old-1\",\"payload\":1");
        assertThat(one.get("service", "/events/old-1/status").status()).isEqualTo(200);
    }

    @Test
    void idsAreForgottenOnWhateverPageTheyAre() throws Exception {
        Instant window = platform.clock().instant().minus(Duration.ofDays(30));
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.event_ids (event_id, id, accepted_at)
                    SELECT 'page-' || i, uuidv7(), CASE WHEN i %% 3 = 0 THEN now() + interval '1 year'
                        ELSE timestamptz '%s' END
                    FROM generate_series(1, 150000) i
                    """
                            .formatted(window));
        }

        one.bus.store().retention().run();
        one.bus.store().retention().forgetIds();

        assertThat(number("SELECT count(*) FROM bus.event_ids WHERE event_id LIKE 'page-%'"))
                .isEqualTo(50_000);
    }

    private static RecordHeader header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static Answer publish(BusInstance bus, String more, String... headers) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\":\"game.match.end\",\"source\":\"match-service\",\"topic\":\""
                                + topic
                                + "\","
                                + more
                                + "}",
                        headers);
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(200);
        return answer;
    }

    private static long count(String condition) throws SQLException {
        return number("SELECT count(*) FROM bus.events WHERE " + condition);
    }

    private static long parked() throws SQLException {
        return number("SELECT count(*) FROM platform.parked_events");
    }

    private static long number(String query) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void sql(String text) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(text);
        }
    }
}
