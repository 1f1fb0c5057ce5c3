package dev.jubilee.server.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.tck.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts servers of its own, because it kills them. */
class EmbeddedServersTest {
    private static final Path BINARIES = Path.of("target/postgresql");
    private static final String TOPIC = "kept";

    @TempDir Path folder;
    private Path home = Path.of("");

    @BeforeEach
    void newHome() {
        home = folder.resolve("home");
    }

    @Test
    void segmentsOfTheLogThatAreMadeAheadAreThereToBeUsed() throws Exception {
        try (EmbeddedServers servers = start()) {
            LogSegments segments = new LogSegments(servers.databaseUrl(), servers.password(), home);
            int before = segments(servers);

            segments.make(3);

            assertThat(segments(servers)).isGreaterThanOrEqualTo(before + 3);
        }
    }

    private static int segments(EmbeddedServers servers) throws SQLException {
        try (Connection connection = connect(servers);
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void everythingIsFoundAgainAtTheSamePlaceAfterARestart() throws Exception {
        String url;
        String brokers;
        List<Long> children;
        try (EmbeddedServers servers = start()) {
            url = servers.databaseUrl();
            brokers = servers.kafkaBrokers();
            children = servers.processIds();
            assertThat(children).hasSize(2);
            writeRow(servers, 1);
            createTopic(servers);
            send(servers, "one");
        }
        assertThat(children).noneMatch(EmbeddedServersTest::alive);
        try (EmbeddedServers servers = start()) {
            assertThat(servers.databaseUrl()).isEqualTo(url);
            assertThat(servers.kafkaBrokers()).isEqualTo(brokers);
            assertThat(rows(servers)).isEqualTo(1);
            assertThat(endOffset(servers)).isEqualTo(1);
        }
    }

    @Test
    void childrenThatAreKilledComeBackWithTheirData() throws Exception {
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        try (EmbeddedServers servers = EmbeddedServers.start(settings(), recording(heard))) {
            writeRow(servers, 1);
            createTopic(servers);
            send(servers, "one");
            for (long child : servers.processIds()) {
                kill(child);
            }
            Await.until("Kafka is back", () -> heard.contains("up Kafka"));
            Await.until("PostgreSQL is back", () -> heard.contains("up PostgreSQL"));
            assertThat(heard).contains("down Kafka", "down PostgreSQL");
            assertThat(rows(servers)).isEqualTo(1);
            assertThat(endOffset(servers)).isEqualTo(1);
            send(servers, "two");
            writeRow(servers, 2);
        }
    }

    @Test
    void aPostgresKilledUnderItsSupervisorComesBack() throws Exception {
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        try (EmbeddedServers servers =
                EmbeddedServers.start(settings().only(true, false), recording(heard))) {
            writeRow(servers, 1);
            kill(postmaster());
            Await.until("PostgreSQL is back", () -> heard.contains("up PostgreSQL"));
            assertThat(rows(servers)).isEqualTo(1);
        }
    }

    @Test
    void aSecondProgramOnTheSameFolderIsToldWhoHoldsIt() {
        try (EmbeddedServers servers =
                EmbeddedServers.start(settings().only(true, false), ServerHealth.IGNORED)) {
            assertThat(servers.processIds()).hasSize(1);
            assertThatThrownBy(this::start)
                    .isInstanceOf(EmbeddedException.class)
                    .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
        }
    }

    /** As after a machine that lost its power: the id is another program's by now. */
    @Test
    void aServerOfSomebodyElseThatHasTheOldIdIsLeftAlone() throws Exception {
        EmbeddedSettings ours = settings().only(true, false);
        EmbeddedServers.start(ours, ServerHealth.IGNORED).close();
        Path pidFile = home.resolve("postgresql/data/postmaster.pid");
        home = folder.resolve("elsewhere");
        try (EmbeddedServers elsewhere =
                EmbeddedServers.start(settings().only(true, false), ServerHealth.IGNORED)) {
            long theirs = postmaster();
            Files.writeString(pidFile, theirs + "\n");

            EmbeddedServers.start(ours, ServerHealth.IGNORED).close();

            assertThat(alive(theirs)).isTrue();
            writeRow(elsewhere, 1);
        }
    }

    @Test
    void aTakenPortIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            EmbeddedSettings settings =
                    settings().withPorts(OptionalInt.of(taken.getLocalPort()), OptionalInt.empty());
            assertThatThrownBy(() -> EmbeddedServers.start(settings, ServerHealth.IGNORED))
                    .isInstanceOf(EmbeddedException.class)
                    .hasMessageContaining("Port " + taken.getLocalPort())
                    .hasMessageContaining("PostgreSQL");
        }
        assertThat(home).isDirectory();
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException {
        Files.writeString(home, "a file, not a folder");
        assertThatThrownBy(this::start)
                .isInstanceOf(EmbeddedException.class)
                .hasMessageContaining("Cannot write to the data folder " + home);
    }

    private EmbeddedSettings settings() {
        return EmbeddedSettings.in(home)
                .withBinaries(BINARIES)
                .withKafkaJvm(List.of("-XX:TieredStopAtLevel=1"));
    }

    private EmbeddedServers start() {
        return EmbeddedServers.start(settings(), ServerHealth.IGNORED);
    }

    private static ServerHealth recording(Queue<String> heard) {
        return new ServerHealth() {
            @Override
            public void down(String server, String reason) {
                heard.add("down " + server);
            }

            @Override
            public void up(String server) {
                heard.add("up " + server);
            }
        };
    }

    private static boolean alive(long pid) {
        return ProcessHandle.of(pid).isPresent();
    }

    private static void kill(long pid) {
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    }

    private long postmaster() throws IOException {
        return Long.parseLong(
                Files.readAllLines(home.resolve("postgresql/data/postmaster.pid")).getFirst());
    }

    private static Connection connect(EmbeddedServers servers) throws SQLException {
        return DriverManager.getConnection(
                servers.databaseUrl(), servers.user(), servers.password());
    }

    private static void writeRow(EmbeddedServers servers, int id) throws SQLException {
        try (Connection connection = connect(servers);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY)");
            statement.execute("INSERT INTO kept VALUES (" + id + ")");
        }
    }

    private static int rows(EmbeddedServers servers) throws SQLException {
        try (Connection connection = connect(servers);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM kept")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static Map<String, Object> kafka(EmbeddedServers servers) {
        return Map.of(
                "bootstrap.servers",
                servers.kafkaBrokers(),
                "acks",
                "all",
                "delivery.timeout.ms",
                (int) Duration.ofMinutes(1).toMillis(),
                "request.timeout.ms",
                (int) Duration.ofSeconds(5).toMillis());
    }

    private static void createTopic(EmbeddedServers servers) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBrokers()))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
        }
    }

    private static void send(EmbeddedServers servers, String value) throws Exception {
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(
                        kafka(servers), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(TOPIC, value)).get();
        }
    }

    private static long endOffset(EmbeddedServers servers) {
        TopicPartition partition = new TopicPartition(TOPIC, 0);
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(
                        Map.of("bootstrap.servers", servers.kafkaBrokers()),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            return consumer.endOffsets(List.of(partition)).getOrDefault(partition, -1L);
        }
    }
}
