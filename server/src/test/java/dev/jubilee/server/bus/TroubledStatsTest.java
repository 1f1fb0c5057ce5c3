package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.Platform;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** The figures of a platform whose store was held up and of which one instance has no Kafka. */
class TroubledStatsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int LATE = 10;

    @Test
    void theyTellHowLongStoringTakesHowMuchFailsAndWhoListens() throws Exception {
        String topic = platform.topic("troubled");
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            bus.post("operator", "/topics", "{\"name\":\"" + topic + "\",\"partitions\":1}");
            assertThat(figures(bus).get("active_subscriptions").intValue()).isZero();
            assertThat(publish(bus, topic)).isEqualTo(200);
            bus.awaitStore();
            storeLate(bus, topic);
            assertThat(
                            bus.post(
                                            "service",
                                            "/subscriptions",
                                            """
                                            {"service_name": "s", "method": "sse", "topic_pattern": "%s"}
                                            """
                                                    .formatted(topic))
                                    .status())
                    .isEqualTo(201);

            Await.untilAsserted(
                    "it is told",
                    () -> {
                        JsonNode figures = figures(bus);
                        assertThat(figures.get("active_subscriptions").intValue()).isEqualTo(1);
                        // Ten took three seconds, and one none.
                        assertThat(figures.get("average_processing_time").doubleValue())
                                .isBetween(2.0, 3.0);
                        assertThat(figures.get("error_rate").doubleValue()).isZero();
                    });
            Map<String, String> hasty = Map.of("EVENT_BUS_PUBLISH_TIMEOUT", "500ms");
            try (BusInstance away = new BusInstance(platform, hasty, nobodysAddress())) {
                assertThat(publish(away, topic)).isEqualTo(503);
                Await.untilAsserted(
                        "the failure is told by the other as well",
                        () ->
                                assertThat(figures(bus).get("error_rate").doubleValue())
                                        .isStrictlyBetween(0.0, 0.5));
            }
        }
    }

    /** Events that the store cannot store for three seconds. */
    private static void storeLate(BusInstance bus, String topic) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "SELECT FROM platform.consumer_offsets WHERE consumer_group = 'store' FOR UPDATE");
            for (int i = 0; i < LATE; i++) {
                assertThat(publish(bus, topic)).isEqualTo(200);
            }
            platform.clock().advance(Duration.ofSeconds(3));
            connection.rollback();
        }
        bus.awaitStore();
    }

    private static JsonNode figures(BusInstance bus) {
        return bus.get("operator", "/stats").body();
    }

    private static int publish(BusInstance bus, String topic) {
        return bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}")
                .status();
    }

    private static String nobodysAddress() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + free.getLocalPort();
        }
    }
}
