package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A topic that somebody deleted from Kafka past the platform. */
class MissingTopicTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int REQUESTS = 30;

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
    void itIsRefusedAtOnceAndDelaysNoOtherUntilItIsThereAgain() throws Exception {
        String missing = topic("missing");
        String other = topic("other");
        try (Admin admin = Admin.create(platform.kafka())) {
            admin.deleteTopics(List.of(missing)).all().get();
            Await.until("it is gone", () -> !admin.listTopics().names().get().contains(missing));
            assertThat(publish(other).status()).isEqualTo(200);
            Answer first = publish(missing);
            assertThat(first.status()).isEqualTo(503);
            assertThat(first.text("code")).isEqualTo("topic_missing");

            long began = System.nanoTime();
            for (int i = 0; i < REQUESTS; i++) {
                assertThat(publish(missing).text("code")).isEqualTo("topic_missing");
            }
            assertThat(publish(other).status()).isEqualTo(200);
            // One that waits for the topic takes two seconds, all of them 60.
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isLessThan(Duration.ofSeconds(30));
            assertThat(bus.registry.get("event_bus_kafka_breaker_open").gauge().value()).isZero();

            admin.createTopics(List.of(new NewTopic(missing, 1, (short) 1))).all().get();
            Await.until("it is taken again", () -> publish(missing).status() == 200);
        }
    }

    @Test
    void aChangeOfItIsRefusedAndNotMade() throws Exception {
        String missing = topic("changed");
        try (Admin admin = Admin.create(platform.kafka())) {
            admin.deleteTopics(List.of(missing)).all().get();
            Await.until("it is gone", () -> !admin.listTopics().names().get().contains(missing));
        }

        Answer refused = bus.patch("operator", "/topics/" + missing, "{\"retention_hours\": 7}");

        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.text("code")).isEqualTo("topic_missing");
        assertThat(
                        bus.get("operator", "/topics/" + missing)
                                .body()
                                .get("retention_hours")
                                .intValue())
                .isNotEqualTo(7);
    }

    private static String topic(String name) {
        String topic = platform.topic("gone." + name);
        assertThat(
                        bus.post(
                                        "operator",
                                        "/topics",
                                        "{\"name\": \"" + topic + "\", \"partitions\": 1}")
                                .status())
                .isEqualTo(201);
        return topic;
    }

    private static Answer publish(String topic) {
        return bus.post(
                "service",
                "/events/publish",
                "{\"event_type\": \"game.x\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": 1}"
                        .formatted(topic));
    }
}
