package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A Kafka that does not answer. */
class KafkaAwayTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void publishingIsRefusedWithinTheDeadlineAndThenAtOnce() throws Exception {
        String topic = platform.topic("away");
        try (BusInstance bus = new BusInstance(platform, Map.of())) {
            bus.post("operator", "/topics", "{\"name\":\"" + topic + "\"}");
        }
        Map<String, String> settings = Map.of("EVENT_BUS_PUBLISH_TIMEOUT", "500ms");
        try (BusInstance bus = new BusInstance(platform, settings, nobodysAddress())) {
            String event = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\"}";
            for (int i = 0; i < 5; i++) {
                Answer refused = bus.post("service", "/events/publish", event);
                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
            }
            long start = System.nanoTime();
            for (int i = 0; i < 60; i++) {
                Answer refused = bus.post("service", "/events/publish", event);
                assertThat(refused.status()).isEqualTo(503);
            }
            // But for the one a second that finds out, nobody waits; else it would be 30 seconds.
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(15));
            assertThat(bus.registry.get("event_bus_kafka_breaker_open").gauge().value())
                    .isEqualTo(1);
        }
    }

    private static String nobodysAddress() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + free.getLocalPort();
        }
    }
}
