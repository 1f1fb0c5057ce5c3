package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.topics.TopicEnds;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

class TopicsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static BusInstance bus;
    private static BusInstance other;
    private static Admin admin;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
        other = new BusInstance(platform, Map.of());
        admin = Admin.create(platform.kafka());
    }

    @AfterAll
    static void stop() {
        bus.close();
        other.close();
        admin.close();
    }

    @Test
    void aTopicStandsInKafkaAndIsAnsweredWithWhatIsInForce() throws Exception {
        String name = platform.topic("match.events");
        Answer made =
                bus.post(
                        "operator",
                        "/topics",
                        """
                        {"name": "%s", "description": "Real-time game match events", "partitions": 6,
                         "replication_factor": 3, "retention_hours": 24, "category": "game",
                         "owner_service": "match-service", "is_system_topic": false,
                         "requires_auth": false, "enable_dlq": true}
                        """
                                .formatted(name));

        assertThat(made.status()).isEqualTo(201);
        assertThat(made.body().get("partitions").intValue()).isEqualTo(6);
        assertThat(made.body().get("replication_factor").intValue()).isEqualTo(1);
        assertThat(made.text("status")).isEqualTo("active");
        assertThat(admin.describeTopics(List.of(name)).allTopicNames().get().values())
                .singleElement()
                .satisfies(topic -> assertThat(topic.partitions()).hasSize(6));
        assertThat(bus.get("operator", "/topics/" + name).body()).isEqualTo(made.body());
        assertThat(other.get("service", "/topics/" + name).body()).isEqualTo(made.body());
    }

    @Test
    void aTopicThatSomebodyDeletedFromKafkaDoesNotHideTheEndsOfTheOthers() throws Exception {
        String kept = platform.topic("kept.events");
        String deleted = platform.topic("deleted.events");
        for (String name : List.of(kept, deleted)) {
            String body = "{\"name\": \"%s\", \"partitions\": 2}".formatted(name);
            assertThat(bus.post("operator", "/topics", body).status()).isEqualTo(201);
        }
        admin.deleteTopics(List.of(deleted)).all().get();
        TopicEnds ends = new TopicEnds(admin, bus.bus.topics().catalogue());
        Await.until(
                "Kafka has forgotten it",
                () -> ends.now().stream().noneMatch(end -> end.topic().equals(deleted)));
        assertThat(ends.now()).filteredOn(end -> end.topic().equals(kept)).hasSize(2);
    }

    @Test
    void everyFaultOfATopicIsNamedAtOnce() {
        Answer answer =
                bus.post(
                        "operator",
                        "/topics",
                        "{\"name\":\"NOT ok\",\"partitions\":0,\"retention_hours\":\"long\",\"x\":1}");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.body().get("errors"))
                .extracting(error -> error.get("field").stringValue())
                .containsExactlyInAnyOrder("name", "partitions", "retention_hours", "x");
    }

    @Test
    void aNameIsTakenOnce() {
        String body = "{\"name\":\"" + platform.topic("once") + "\"}";
        assertThat(bus.post("operator", "/topics", body).status()).isEqualTo(201);
        assertThat(other.post("admin", "/topics", body).status()).isEqualTo(409);
        assertThat(bus.post("service", "/topics", body).status()).isEqualTo(403);
    }

    @Test
    void aCreationThatIsRepeatedWithItsKeyGetsTheFirstAnswer() throws Exception {
        String name = platform.topic("repeated");
        String body = "{\"name\":\"" + name + "\"}";
        Answer first = bus.post("operator", "/topics", body, "Idempotency-Key", "make-it");
        Answer again = other.post("operator", "/topics", body, "Idempotency-Key", "make-it");

        assertThat(first.status()).isEqualTo(201);
        assertThat(again.status()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT count(*) FROM platform.audit_log WHERE action ="
                                        + " 'topic.create' AND target = '"
                                        + name
                                        + "'")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(1);
        }
    }

    @Test
    void aRowThatCannotBeWrittenTakesKafkasTopicBack() throws Exception {
        String name = platform.topic("refused.row");
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            // Fails at commit, when Kafka has made its topic already.
            statement.execute(
                    """
                    CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        IF NEW.name LIKE '%refused.row' THEN
                            RAISE EXCEPTION 'refused';
                        END IF;
                        RETURN NEW;
                    END $$;
                    CREATE CONSTRAINT TRIGGER refuse_row AFTER INSERT ON bus.topics
                        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_row()
                    """);
        }
        Answer answer = bus.post("operator", "/topics", "{\"name\":\"" + name + "\"}");

        assertThat(answer.status()).isEqualTo(500);
        Await.untilAsserted(
                "Kafka has it no more",
                () -> assertThat(admin.listTopics().names().get()).doesNotContain(name));
        assertThat(bus.get("operator", "/topics/" + name).status()).isEqualTo(404);
    }

    @Test
    void whatACrashLeftInKafkaIsAdoptedWhenItFits() throws Exception {
        String name = platform.topic("left.behind");
        make(new NewTopic(name, 3, (short) 1));

        Answer misfit =
                bus.post("operator", "/topics", "{\"name\":\"" + name + "\",\"partitions\":5}");
        Answer fit =
                bus.post("operator", "/topics", "{\"name\":\"" + name + "\",\"partitions\":3}");

        assertThat(misfit.status()).isEqualTo(409);
        assertThat(fit.status()).isEqualTo(201);
    }

    @Test
    void whatIsAdoptedIsMadeAsAskedAndWhatDriftedIsSetRight() throws Exception {
        String name = platform.topic("strangers");
        Map<String, String> configs =
                Map.of("retention.ms", "3600000", "message.timestamp.type", "CreateTime");
        make(new NewTopic(name, 1, (short) 1).configs(configs));
        bus.post(
                "operator",
                "/topics",
                "{\"name\":\"" + name + "\",\"partitions\":1,\"retention_hours\":48}");
        Await.untilAsserted("it is as asked", () -> assertThat(drift(name)).isEmpty());
        Await.untilAsserted(
                "that too",
                () ->
                        assertThat(config(name, "message.timestamp.type"))
                                .isEqualTo("LogAppendTime"));

        set(name, "retention.ms", "60000");
        Await.untilAsserted("it drifted", () -> assertThat(drift(name)).hasSize(1));
        bus.send("PATCH", "operator", "/topics/" + name, "{\"retention_hours\":48}");
        Await.untilAsserted("it is set right", () -> assertThat(drift(name)).isEmpty());

        set(name, "message.timestamp.type", "CreateTime");
        Await.untilAsserted(
                "it drifted again",
                () ->
                        assertThat(drift(name).path(0).path("field").asString(""))
                                .isEqualTo("message_timestamp_type"));
    }

    /** Past the platform; returns once the broker has heard of it from its controller. */
    private static void make(NewTopic topic) throws Exception {
        admin.createTopics(List.of(topic)).all().get();
        Await.until("it is there", () -> admin.listTopics().names().get().contains(topic.name()));
    }

    private static JsonNode drift(String name) {
        return bus.get("operator", "/topics/" + name).body().path("drift");
    }

    private static String config(String name, String key) throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
        return admin.describeConfigs(List.of(topic)).all().get().values().stream()
                .map(config -> config.get(key).value())
                .findFirst()
                .orElseThrow();
    }

    private static void set(String name, String key, String value) throws Exception {
        AlterConfigOp change =
                new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
        admin.incrementalAlterConfigs(Map.of(topic, List.of(change))).all().get();
    }

    @Test
    void theListIsAnArrayThatIsPaged() {
        for (int i = 0; i < 3; i++) {
            String name = platform.topic("paged." + i);
            bus.post("operator", "/topics", "{\"name\":\"" + name + "\",\"category\":\"paged\"}");
        }
        Answer page = bus.get("operator", "/topics?category=paged&limit=2&page=1");
        Answer rest = bus.get("operator", "/topics?category=paged&limit=2&page=2");

        assertThat(page.body().isArray()).isTrue();
        assertThat(page.body()).hasSize(2);
        assertThat(rest.body()).hasSize(1);
        assertThat(page.headers().firstValue("X-Total-Count")).hasValue("3");
        assertThat(page.headers().firstValue("Link").orElse("")).contains("rel=\"next\"");
    }

    @Test
    void aSystemTopicIsMadeOnceByAnyInstance() {
        String name = platform.topic("system");
        var made = bus.bus.topics().ensureSystemTopic(name, 2);
        var again = other.bus.topics().ensureSystemTopic(name, 2);
        assertThat(again).isEqualTo(made);
        assertThat(made.isSystemTopic()).isTrue();
    }
}
