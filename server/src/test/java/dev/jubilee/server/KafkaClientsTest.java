package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.testing.Contract;
import dev.jubilee.server.testing.ContractClient;
import dev.jubilee.server.testing.Platform;
import dev.jubilee.server.testing.SecuredKafka;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The program whole, on a Kafka that speaks TLS and asks who comes. */
class KafkaClientsTest {
    @RegisterExtension static final Platform platform = new Platform();

    @TempDir static Path folder;
    private static SecuredKafka kafka;

    @BeforeAll
    static void start() throws Exception {
        Files.createDirectory(folder.resolve("home"));
        kafka = new SecuredKafka(folder.resolve("kafka"));
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    private static Jubilee jubilee(Map<String, String> more) {
        Map<String, String> given = new HashMap<>();
        given.put("JUBILEE_HOME", folder.resolve("home").toString());
        given.put("DATABASE_URL", platform.databaseUrl());
        given.put("DATABASE_USER", platform.user());
        given.put("DATABASE_PASSWORD", platform.password());
        given.put("KAFKA_BROKERS", kafka.brokers());
        for (String port : List.of("EVENT_BUS_PORT", "SERVER_PORT", "JUBILEE_METRICS_PORT")) {
            given.put(port, "0");
        }
        given.putAll(more);
        JubileeSettings settings = JubileeSettings.from(new SettingsReader(given), true);
        return Jubilee.start(settings, true, InstantSource.system());
    }

    private static Map<String, String> login(String password) {
        Map<String, String> given = new HashMap<>(loginToAStranger(password));
        given.put("KAFKA_SSL_TRUSTSTORE_LOCATION", kafka.certificate().toString());
        given.put("KAFKA_SSL_TRUSTSTORE_TYPE", "PEM");
        return given;
    }

    private static Map<String, String> loginToAStranger(String password) {
        return Map.of(
                "KAFKA_SECURITY_PROTOCOL", "SASL_SSL",
                "KAFKA_SASL_MECHANISM", "PLAIN",
                "KAFKA_SASL_JAAS_CONFIG", SecuredKafka.login(password));
    }

    @Test
    void everyClientIsLetIn() throws Exception {
        try (Jubilee jubilee = jubilee(login(SecuredKafka.PASSWORD))) {
            ContractClient bus =
                    new ContractClient(jubilee.busPort(), Contract.bus())
                            .as(Files.readString(jubilee.adminKeyFile()).strip());
            for (String topic : List.of("game.events", "game.copies", "game.replayed")) {
                bus.post("/topics", Map.of("name", topic, "partitions", 1, "category", "game"))
                        .expect(201);
            }
            Instant before = Instant.now().minusSeconds(60);
            bus.post(
                            "/events/publish",
                            Map.of(
                                    "topic",
                                    "game.events",
                                    "event_type",
                                    "game.kill",
                                    "payload",
                                    Map.of("n", 1)))
                    .expect(200);
            Await.until("the store has read it", () -> count("bus.events") == 1);

            // A consumer reads what is past, a transaction writes it.
            bus.post(
                            "/subscriptions",
                            Map.of(
                                    "service_name", "copies",
                                    "method", "kafka",
                                    "topic_pattern", "game.events",
                                    "target_topic", "game.copies",
                                    "start_from", "beginning"))
                    .expect(201);
            Await.until("it is copied", () -> count("bus.event_deliveries") == 1);

            String replay =
                    bus.post(
                                    "/replay",
                                    Map.of(
                                            "topic", "game.events",
                                            "start_time", before.toString(),
                                            "target_topic", "game.replayed"))
                            .expect(202)
                            .body()
                            .path("replay_id")
                            .stringValue();
            Await.until(
                    "it is replayed",
                    () ->
                            bus.get("/replay/" + replay + "/status")
                                    .expect(200)
                                    .body()
                                    .path("status")
                                    .stringValue("")
                                    .equals("completed"));
        }
    }

    private static int count(String table) throws SQLException {
        try (var connection = platform.connection();
                var select = connection.prepareStatement("SELECT count(*) FROM " + table);
                var row = select.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void whoIsNotLetInIsToldSoAtTheStartInOneLineWithoutThePassword() {
        assertThatThrownBy(() -> jubilee(login("wrong")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("Kafka does not let the program in: ")
                .hasMessageContaining("Authentication failed")
                .message()
                .doesNotContain("wrong", "\n");
    }

    @Test
    void aKafkaThatShowsACertificateOfItsOwnIsToldNoPassword() {
        assertThatThrownBy(() -> jubilee(loginToAStranger(SecuredKafka.PASSWORD)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("Kafka does not let the program in: ")
                .hasMessageContaining("SSL handshake failed")
                .message()
                .doesNotContain(SecuredKafka.PASSWORD, "\n");
    }

    @Test
    void aStoreThatCannotBeOpenedIsToldAtTheStartInOneLine() throws Exception {
        Path store = Files.writeString(folder.resolve("store"), "no store");
        assertThatThrownBy(() ->
                        jubilee(
                                Map.of(
                                        "KAFKA_SECURITY_PROTOCOL", "SSL",
                                        "KAFKA_SSL_TRUSTSTORE_LOCATION", store.toString(),
                                        "KAFKA_SSL_TRUSTSTORE_PASSWORD", "hush")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(store.toString())
                .message()
                .doesNotContain("hush", "\n");
    }

    @Test
    void theSettingsOfAClientTellNoSecret() {
        SettingsReader reader = new SettingsReader(new HashMap<>(loginWithBrokers()));
        JubileeSettings settings = JubileeSettings.from(reader, true);
        Map<String, Object> kafka = KafkaClients.settings(settings.server(), "group");
        assertThat(kafka.toString()).contains("sasl.jaas.config").doesNotContain("a secret");
        assertThat(settings.server().toString()).doesNotContain("a secret");
    }

    private static Map<String, String> loginWithBrokers() {
        Map<String, String> given = new HashMap<>(login(SecuredKafka.PASSWORD));
        given.put("KAFKA_BROKERS", kafka.brokers());
        return given;
    }
}
