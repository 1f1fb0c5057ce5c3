package dev.jubilee.server.bus;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.Program;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Ends the program by {@code kill -9} while it writes to a topic: each event is there once. */
class RoutedTopicKillTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EVENTS = 3_000;
    private static final int KEYS = 9;

    private String key = "";

    @TempDir Path folder;

    @Test
    void everyAcknowledgedEventIsWrittenOnceAlthoughTheProgramIsKilledMeanwhile() throws Exception {
        String source = platform.topic("source");
        String target = platform.topic("target");
        Program program = start();
        try {
            post(program, "/topics", Map.of("name", source, "partitions", 3));
            post(program, "/topics", Map.of("name", target, "partitions", 1));
            String subscription =
                    post(
                            program,
                            "/subscriptions",
                            Map.of(
                                    "service_name",
                                    "s",
                                    "method",
                                    "kafka",
                                    "topic_pattern",
                                    source,
                                    "target_topic",
                                    target));
            String path =
                    "/subscriptions/"
                            + Json.tree(subscription).get("subscription_id").stringValue();
            killWhileItOwes(program, path, source, target);
            program = start();
            int before = written(target).size();
            publish(program, source, 1);
            Await.until("it writes", () -> written(target).size() > before);
            program.kill();
            program = start();
            Await.until(
                    "all are there",
                    Duration.ofMinutes(5),
                    () -> written(target).size() >= 2 * EVENTS);
            List<Written> all = written(target);
            assertThat(all.stream().map(Written::id)).hasSize(2 * EVENTS).doesNotHaveDuplicates();
            assertThat(all.stream().collect(groupingBy(Written::key)).values())
                    .hasSize(KEYS)
                    .allSatisfy(ofKey ->
                            assertThat(ofKey.stream().map(Written::n).toList()).isSorted());
        } finally {
            program.close();
        }
    }

    /** Kills it when it has written some of what it owes, and cannot have written the last. */
    private void killWhileItOwes(Program program, String path, String source, String target)
            throws Exception {
        post(program, path + "/pause", Map.of());
        publish(program, source, 0);
        try (Connection holding = platform.connection();
                Statement statement = holding.createStatement()) {
            Await.until("all are owed", () -> owed(statement) == EVENTS);
            holding.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM bus.pending_deliveries ORDER BY id DESC LIMIT 500 FOR UPDATE");
            post(program, path + "/resume", Map.of());
            Await.until("it writes", () -> !written(target).isEmpty());
            program.kill();
            assertThat(written(target)).as("some are owed still").hasSizeLessThan(EVENTS);
            holding.rollback();
        }
    }

    private static int owed(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery("SELECT count(*) FROM bus.pending_deliveries")) {
            row.next();
            return row.getInt(1);
        }
    }

    private Program start() throws Exception {
        Path home = folder.resolve("home");
        Program program =
                Program.start(
                                home,
                                List.of(),
                                System.getProperty("java.class.path"),
                                Map.of(
                                        "DATABASE_URL", platform.databaseUrl(),
                                        "DATABASE_USER", platform.user(),
                                        "DATABASE_PASSWORD", platform.password(),
                                        "JUBILEE_ROLES", "bus",
                                        "KAFKA_BROKERS", platform.brokers()))
                        .ready();
        Await.until("it names its bus", () -> program.bus().getPort() > 0);
        key = Files.readString(home.resolve("admin.key")).strip();
        return program;
    }

    private void publish(Program program, String topic, int round) throws Exception {
        for (int from = 0; from < EVENTS; from += 1_000) {
            List<Map<String, Object>> items = new ArrayList<>();
            for (int i = from; i < from + 1_000; i++) {
                items.add(
                        Map.of(
                                "event_type",
                                "game.kill",
                                "topic",
                                topic,
                                "key",
                                "k" + i % KEYS,
                                "payload",
                                Map.of("n", round * EVENTS + i)));
            }
            String answer = post(program, "/events/publish/batch", Map.of("events", items));
            assertThat(Json.tree(answer).get("failed").intValue()).isZero();
        }
    }

    private String post(Program program, String path, Map<String, Object> body) throws Exception {
        return program.postToBus(key, path, body);
    }

    /** One event on the topic. */
    private record Written(String id, String key, int n) {
        static Written of(ConsumerRecord<byte[], byte[]> record) {
            return new Written(
                    new String(
                            record.headers().lastHeader("ce_id").value(), StandardCharsets.UTF_8),
                    new String(record.key(), StandardCharsets.UTF_8),
                    Json.tree(record.value()).get("n").intValue());
        }
    }

    /** What is on the topic, as a reader of what is committed sees it. */
    private static List<Written> written(String topic) {
        Properties config = platform.kafka();
        config.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).values().iterator().next();
            List<Written> all = new ArrayList<>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record -> all.add(Written.of(record)));
            }
            return all;
        }
    }
}
