package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** News of changes may be late or lost; what is routed must not depend on them. */
class DeafInstanceTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void anInstanceThatHearsOfNoChangeRoutesByItAllTheSame() {
        String topic = platform.topic("deaf.events");
        try (BusInstance bus = new BusInstance(platform, Map.of());
                Receiver witness = new Receiver();
                Receiver receiver = new Receiver()) {
            bus.post("operator", "/topics", "{\"name\": \"" + topic + "\"}");
            subscribe(bus, topic, witness);
            publish(bus, topic);
            Await.until("the first is delivered", () -> witness.received.size() == 1);
            bus.stopListening();

            subscribe(bus, topic, receiver);
            String id = publish(bus, topic);

            Await.untilAsserted(
                    "the new one got it",
                    () -> assertThat(receiver.eventIds()).containsExactly(id));
        }
    }

    private static void subscribe(BusInstance bus, String topic, Receiver receiver) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"}
                        """
                                .formatted(topic, receiver.url()));
        assertThat(made.status()).isEqualTo(201);
    }

    private static String publish(BusInstance bus, String topic) {
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.deaf\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": 1}"
                                .formatted(topic));
        assertThat(answer.status()).isEqualTo(200);
        return answer.text("event_id");
    }
}
