package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class WaitingRetryTest {
    @RegisterExtension static final Platform platform = new Platform();

    /**
     * An instance that has just come loads what waits; what is due in an hour is not all there is.
     */
    @Test
    void aRetryThatIsDueInAnHourKeepsNothingNewWaiting() throws SQLException {
        String topic = platform.topic("retry.waits");
        try (Receiver receiver = new Receiver()) {
            receiver.behaviour = request -> Reply.of(request.body().contains("poison") ? 500 : 200);
            String poison;
            try (BusInstance bus = new BusInstance(platform, Map.of())) {
                created(bus, "operator", "/topics", "{\"name\": \"%s\"}".formatted(topic));
                created(
                        bus,
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                         "ordering": "none", "retry_delay": 3600}
                        """
                                .formatted(topic, receiver.url()));
                poison = publish(bus, topic, "poison");
                Await.untilAsserted(
                        "it failed, which is written",
                        () -> assertThat(failures(poison)).isEqualTo(1));
            }
            try (BusInstance bus = new BusInstance(platform, Map.of())) {
                for (int i = 0; i < 3; i++) {
                    String id = publish(bus, topic, "fine");
                    Await.untilAsserted(
                            "what is new arrives",
                            () ->
                                    assertThat(receiver.received)
                                            .extracting(Receiver.Received::eventId)
                                            .contains(id));
                }
                assertThat(failures(poison)).isEqualTo(1);
            }
        }
    }

    private static void created(BusInstance bus, String who, String path, String body) {
        assertThat(bus.post(who, path, body).status()).isEqualTo(201);
    }

    private static String publish(BusInstance bus, String topic, String text) {
        return bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.kill\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": {\"text\": \"%s\"}}"
                                .formatted(topic, text))
                .text("event_id");
    }

    private static long failures(String event) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                "SELECT count(*) FROM bus.event_deliveries WHERE event_id = '"
                                        + event
                                        + "'")) {
            row.next();
            return row.getLong(1);
        }
    }
}
