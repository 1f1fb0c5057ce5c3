package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.Program;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
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
    private static final int KILLS = 2;

    private final HttpClient http = HttpClient.newHttpClient();
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
            for (int kill = 0; kill < KILLS; kill++) {
                int before = written(target).size();
                publish(program, source, kill);
                Await.until("it writes", () -> written(target).size() > before);
                program.kill();
                program = start();
            }
            Await.until(
                    "all are there",
                    Duration.ofSeconds(90),
                    () -> written(target).size() >= KILLS * EVENTS);
            assertThat(written(target)).hasSize(KILLS * EVENTS).doesNotHaveDuplicates();
        } finally {
            program.close();
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
                                "k" + i % 9,
                                "payload",
                                Map.of("n", round * EVENTS + i)));
            }
            String answer = post(program, "/events/publish/batch", Map.of("events", items));
            assertThat(Json.tree(answer).get("failed").intValue()).isZero();
        }
    }

    private String post(Program program, String path, Map<String, Object> body) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(program.bus().resolve(path))
                        .header("Authorization", "Bearer " + key)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(Json.text(body)))
                        .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isLessThan(300);
        return response.body();
    }

    /** The ids on the topic, as a reader of what is committed sees them. */
    private static List<String> written(String topic) {
        Properties config = platform.kafka();
        config.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).values().iterator().next();
            List<String> ids = new ArrayList<>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record ->
                                ids.add(
                                        new String(
                                                record.headers().lastHeader("ce_id").value(),
                                                StandardCharsets.UTF_8)));
            }
            return ids;
        }
    }
}
