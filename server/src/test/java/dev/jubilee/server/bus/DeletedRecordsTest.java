package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Kafka deletes what a subscription has not caught up with. */
class DeletedRecordsTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void aGapInWhatASubscriptionCatchesUpWithIsSaidAndCounted() {
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            String topic = topic(bus);
            for (int i = 0; i < 10; i++) {
                publish(bus, topic, i);
            }
            delete(topic, 5);
            Answer made =
                    bus.post(
                            "service",
                            "/subscriptions",
                            "{\"service_name\": \"s\", \"method\": \"sse\", \"topic_pattern\": \"%s\"}"
                                    .formatted(topic));
            assertThat(made.status()).isEqualTo(201);
            UUID id = UUID.fromString(made.text("subscription_id"));
            bus.database.transaction(connection -> {
                goBackTo(connection, id, topic, 2);
                return id;
            });

            List<Integer> came = new ArrayList<>();
            Await.until(
                    "what is left comes",
                    () -> {
                        for (JsonNode one : pull(bus, id)) {
                            came.add(one.at("/event/data").intValue());
                        }
                        return came.size() >= 5;
                    });
            assertThat(came).containsExactly(5, 6, 7, 8, 9);
            assertThat(bus.get("service", "/subscriptions/" + id).text("status_reason"))
                    .isEqualTo(
                            "up to 3 events of %s were deleted from Kafka before they could be brought"
                                    .formatted(topic));
            Await.untilAsserted(
                    "they are counted",
                    () ->
                            assertThat(
                                            bus.registry
                                                    .get("jubilee.consumer.lost.records")
                                                    .tag("group", "catch-up")
                                                    .counter()
                                                    .count())
                                    .isEqualTo(3));
        }
    }

    private static void goBackTo(Connection connection, UUID id, String topic, long offset)
            throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    UPDATE bus.event_subscriptions s SET starts_at = jsonb_set(starts_at, ARRAY[t.kafka_topic_id::text, '0'],
                        to_jsonb(%d::bigint)) FROM bus.topics t WHERE s.id = '%s' AND t.name = '%s'
                    """
                            .formatted(Subscription.CATCHING_UP, id, topic));
            statement.execute(
                    """
                    INSERT INTO bus.subscription_catch_ups (subscription_id, topic_id, partition, topic, next_offset)
                    SELECT '%s', kafka_topic_id, 0, name, %d FROM bus.topics WHERE name = '%s'
                    """
                            .formatted(id, offset, topic));
        }
        Subscriptions.announceChange(connection, id);
    }

    private static JsonNode pull(BusInstance bus, UUID id) {
        return bus.post("service", "/subscriptions/" + id + "/pull", "{\"wait_ms\": 200}")
                .body()
                .get("events");
    }

    private static void delete(String topic, long before) {
        try (Admin admin = Admin.create(platform.kafka())) {
            admin.deleteRecords(
                            Map.of(
                                    new TopicPartition(topic, 0),
                                    RecordsToDelete.beforeOffset(before)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
    }

    private static String topic(BusInstance bus) {
        String name = platform.topic("cut");
        Answer made =
                bus.post("operator", "/topics", "{\"name\": \"" + name + "\", \"partitions\": 1}");
        assertThat(made.status()).isEqualTo(201);
        return name;
    }

    private static void publish(BusInstance bus, String topic, int payload) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.cut\", \"topic\": \"%s\", \"payload\": %d}"
                                .formatted(topic, payload));
        assertThat(answer.status()).isEqualTo(200);
    }
}
