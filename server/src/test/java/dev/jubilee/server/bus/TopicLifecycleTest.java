package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TopicLifecycleTest {
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
    void aChangeReachesKafkaAndLeavesWhatItDoesNotName() throws Exception {
        String name = topic("changed", "\"description\":\"before\",\"owner_service\":\"match\"");
        Answer changed =
                bus.send(
                        "PATCH",
                        "operator",
                        "/topics/" + name,
                        "{\"partitions\":5,\"retention_hours\":7,\"owner_service\":null}");

        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.body().get("partitions").intValue()).isEqualTo(5);
        assertThat(changed.text("description")).isEqualTo("before");
        assertThat(changed.body().has("owner_service")).isFalse();
        assertThat(admin.describeTopics(List.of(name)).allTopicNames().get().values())
                .singleElement()
                .satisfies(topic -> assertThat(topic.partitions()).hasSize(5));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        Await.untilAsserted(
                "the broker hears of it",
                () ->
                        assertThat(admin.describeConfigs(List.of(resource)).all().get().values())
                                .singleElement()
                                .satisfies(config ->
                                        assertThat(config.get("retention.ms").value())
                                                .isEqualTo("25200000")));
        assertThat(bus.get("operator", "/topics/" + name).body().has("drift")).isFalse();
        Await.untilAsserted(
                "the other instance hears of it",
                () ->
                        assertThat(other.get("operator", "/topics/" + name).body())
                                .isEqualTo(changed.body()));
    }

    @Test
    void partitionsOnlyGrowAndEveryFaultIsNamed() {
        String name = topic("shrinking", "\"partitions\":4");
        Answer answer = bus.send("PATCH", "operator", "/topics/" + name, "{\"partitions\":2}");
        assertThat(fields(answer)).containsExactly("partitions");
        Answer worse =
                bus.send(
                        "PATCH",
                        "operator",
                        "/topics/" + name,
                        "{\"retention_hours\":0,\"name\":\"x\",\"enable_dlq\":1}");
        assertThat(worse.status()).isEqualTo(422);
        assertThat(fields(worse))
                .containsExactlyInAnyOrder("retention_hours", "name", "enable_dlq");
        assertThat(bus.send("PATCH", "operator", "/topics/no.such", "{}").status()).isEqualTo(404);
        assertThat(bus.send("PATCH", "service", "/topics/" + name, "{}").status()).isEqualTo(403);
    }

    @Test
    void aPausedTopicTakesNothingUntilItIsResumed() {
        String name = topic("paused", "");
        String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + name + "\"}";
        assertThat(bus.post("operator", "/topics/" + name + "/pause", "").text("status"))
                .isEqualTo("paused");

        Answer refused = bus.post("service", "/events/publish", event);
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("code")).isEqualTo("topic_paused");
        Answer batch = bus.post("service", "/events/publish/batch", "[" + event + "]");
        assertThat(batch.body().at("/results/0/error/code").stringValue())
                .isEqualTo("topic_paused");
        Await.untilAsserted(
                "the other instance refuses as well",
                () ->
                        assertThat(other.post("service", "/events/publish", event).status())
                                .isEqualTo(409));
        assertThat(bus.get("operator", "/topics?status=paused").body())
                .extracting(topic -> topic.get("name").stringValue())
                .contains(name);

        bus.post("operator", "/topics/" + name + "/resume", "");
        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(200);
    }

    @Test
    void aTopicIsDeletedOnlyWhenItIsConfirmedAndRead() throws Exception {
        String name = topic("deleted", "");
        String path = "/topics/" + name;
        assertThat(bus.send("DELETE", "operator", path, null).status()).isEqualTo(422);

        String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + name + "\"}";
        String id = bus.post("service", "/events/publish", event).text("event_id");
        assertThat(bus.get("service", "/events/" + id + "/status").status()).isEqualTo(200);
        // A consumer that has not come as far.
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO platform.consumer_offsets (consumer_group, topic_id, partition, topic, next_offset)
                    SELECT 'slow', kafka_topic_id, 0, name, 0 FROM bus.topics WHERE name = '%s'
                    """
                            .formatted(name));
        }
        Answer unread = bus.send("DELETE", "operator", path + "?confirm=" + name, null);
        assertThat(unread.status()).isEqualTo(409);
        assertThat(unread.text("code")).isEqualTo("topic_in_use");
        assertThat(unread.body().at("/errors/0/message").stringValue())
                .isEqualTo("slow has not read 1 events");
        assertThat(admin.listTopics().names().get()).contains(name);

        Answer gone =
                bus.send("DELETE", "operator", path + "?confirm=" + name + "&force=true", null);
        assertThat(gone.status()).isEqualTo(204);
        Await.untilAsserted(
                "the broker hears of it",
                () -> assertThat(admin.listTopics().names().get()).doesNotContain(name));
        assertThat(bus.get("operator", path).status()).isEqualTo(404);
        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(404);
    }

    @Test
    void whoeverUsesATopicKeepsItFromBeingDeleted() {
        String name = topic("used", "");
        bus.bus
                .topics()
                .changes()
                .heed((connection, topic) ->
                        topic.name().equals(name) ? List.of("subscription \"mail\"") : List.of());
        Answer used = bus.send("DELETE", "operator", "/topics/" + name + "?confirm=" + name, null);
        assertThat(used.status()).isEqualTo(409);
        assertThat(used.body().at("/errors/0/message").stringValue())
                .isEqualTo("subscription \"mail\"");
    }

    @Test
    void aSystemTopicIsThePlatformsAndItsAdmins() {
        String name = platform.topic("own.news");
        bus.bus.topics().ensureSystemTopic(name, 1);
        String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + name + "\"}";

        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(403);
        assertThat(bus.post("admin", "/events/publish", event).status()).isEqualTo(200);
        assertThat(bus.send("PATCH", "operator", "/topics/" + name, "{}").status()).isEqualTo(403);
        assertThat(bus.post("admin", "/topics/" + name + "/pause", "").text("code"))
                .isEqualTo("topic_is_system");
        String delete = "/topics/" + name + "?force=true&confirm=" + name;
        assertThat(bus.send("DELETE", "admin", delete, null).text("code"))
                .isEqualTo("topic_is_system");
        Answer made =
                bus.post(
                        "operator",
                        "/topics",
                        "{\"name\":\"" + platform.topic("fake") + "\",\"is_system_topic\":true}");
        assertThat(made.status()).isEqualTo(403);
    }

    @Test
    void aTopicThatRequiresItTakesEventsOfThoseWhoMayOnly() {
        String name = topic("closed", "\"requires_auth\":true");
        String path = "/topics/" + name + "/grants/";
        String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + name + "\"}";
        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(403);
        assertThat(bus.post("admin", "/events/publish", event).status()).isEqualTo(200);

        bus.send("PUT", "admin", path + "key-service", "{\"actions\":[\"read\"]}");
        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(403);
        Answer granted =
                bus.send("PUT", "admin", path + "key-service", "{\"actions\":[\"publish\"]}");
        assertThat(granted.status()).isEqualTo(200);
        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(200);
        assertThat(bus.post("service:another", "/events/publish", event).status()).isEqualTo(403);
        assertThat(
                        bus.get("operator", "/topics/" + name + "/grants")
                                .body()
                                .at("/grants/0/principal"))
                .hasToString("\"key-service\"");

        assertThat(bus.send("DELETE", "admin", path + "key-service", null).status()).isEqualTo(204);
        assertThat(bus.post("service", "/events/publish", event).status()).isEqualTo(403);
        assertThat(bus.send("DELETE", "admin", path + "key-service", null).status()).isEqualTo(404);
        Answer opened =
                bus.send("PATCH", "operator", "/topics/" + name, "{\"requires_auth\":false}");
        assertThat(opened.status()).isEqualTo(403);
    }

    @Test
    void whatSomebodyChangedInKafkaShowsAsDrift() throws Exception {
        String name = topic("drifting", "\"partitions\":2");
        String stranger = platform.createTopic("stranger", 1);
        admin.createPartitions(Map.of(name, NewPartitions.increaseTo(3))).all().get();
        Await.untilAsserted(
                "the drift is shown",
                () ->
                        assertThat(bus.get("operator", "/topics/" + name).body().path("drift"))
                                .singleElement()
                                .hasToString(
                                        "{\"field\":\"partitions\",\"catalogue\":\"2\",\"kafka\":\"3\"}"));
        Answer report = bus.get("operator", "/topics/drift");
        assertThat(report.body().get("topics"))
                .extracting(topic -> topic.get("name").stringValue())
                .contains(name);
        assertThat(report.body().get("unknown"))
                .extracting(topic -> topic.stringValue())
                .contains(stranger);

        bus.send("PATCH", "operator", "/topics/" + name, "{\"partitions\":3}");
        assertThat(bus.get("operator", "/topics/" + name).body().has("drift")).isFalse();
    }

    private static List<String> fields(Answer answer) {
        return answer.body().get("errors").values().stream()
                .map(error -> error.get("field").stringValue())
                .toList();
    }

    private static String topic(String name, String more) {
        String full = platform.topic(name);
        String body = "{\"name\":\"" + full + "\"" + (more.isEmpty() ? "" : "," + more) + "}";
        String who = more.contains("requires_auth") ? "admin" : "operator";
        assertThat(bus.post(who, "/topics", body).status()).isEqualTo(201);
        return full;
    }
}
