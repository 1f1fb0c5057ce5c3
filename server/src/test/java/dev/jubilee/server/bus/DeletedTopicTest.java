package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A topic is deleted before a subscription has caught up with it. */
class DeletedTopicTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void whatWasBehindInADeletedTopicEndsAndItsNameMadeAgainBringsEverythingOnce()
            throws Exception {
        String topic = platform.topic("again");
        try (BusInstance bus = new BusInstance(platform, Map.of());
                Receiver receiver = new Receiver()) {
            bus.post("operator", "/topics", "{\"name\": \"" + topic + "\", \"partitions\": 1}");
            String id = subscribe(bus, topic, receiver);
            String first = publish(bus, topic);
            Await.until("it delivers", () -> receiver.received.size() == 1);

            // As when a topic of that name was deleted while this one caught up with it.
            UUID gone = UUID.randomUUID();
            execute(
                    "UPDATE bus.event_subscriptions SET starts_at = starts_at || '{\"%s\": [%d]}' WHERE id = '%s'"
                            .formatted(gone, Long.MAX_VALUE, id),
                    """
                    INSERT INTO platform.consumer_offsets (consumer_group, topic_id, partition, topic, next_offset)
                    VALUES ('delivery', '%s', 0, '%s', 1000)
                    """
                            .formatted(gone, topic),
                    "INSERT INTO bus.subscription_catch_ups VALUES ('%s', '%s', 0, '%s', 0)"
                            .formatted(id, gone, topic),
                    "UPDATE bus.subscription_version SET version = version + 1");
            String second = publish(bus, topic);

            Await.until("it is given up", () -> behind() == 0);
            Await.until("the next is delivered", () -> receiver.eventIds().contains(second));
            assertThat(receiver.eventIds()).containsExactly(first, second);
        }
    }

    @Test
    void theEventsOfADeletedTopicStayCompletedWhenItsNameIsMadeAgain() throws Exception {
        String topic = platform.topic("completed");
        String made = "{\"name\": \"" + topic + "\", \"partitions\": 1}";
        try (BusInstance bus = new BusInstance(platform, Map.of());
                Receiver receiver = new Receiver()) {
            bus.post("operator", "/topics", made);
            subscribe(bus, topic, receiver);
            publish(bus, topic);
            String second = publish(bus, topic);
            Await.until("both are delivered", () -> receiver.received.size() == 2);
            Await.until("it is completed", () -> status(bus, second).equals("completed"));

            String path = "/topics/" + topic + "?force=true&confirm=" + topic;
            assertThat(bus.delete("admin", path).status()).isEqualTo(204);
            platform.clock().advance(Duration.ofSeconds(1));
            assertThat(bus.post("operator", "/topics", made).status()).isEqualTo(201);
            String third = publish(bus, topic);
            Await.until("the third is delivered", () -> receiver.received.size() == 3);

            assertThat(status(bus, second)).isEqualTo("completed");
            Await.until("the new one too", () -> status(bus, third).equals("completed"));
        }
    }

    private static String status(BusInstance bus, String eventId) {
        return bus.get("service", "/events/" + eventId + "/status").text("status");
    }

    private static String subscribe(BusInstance bus, String topic, Receiver receiver) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                        """
                                .formatted(topic, receiver.url()));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return made.text("subscription_id");
    }

    private static String publish(BusInstance bus, String topic) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.kill\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": 1}"
                                .formatted(topic));
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(200);
        return answer.text("event_id");
    }

    private static long behind() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery("SELECT count(*) FROM bus.subscription_catch_ups")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(String... statements) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            for (String one : statements) {
                statement.execute(one);
            }
        }
    }
}
