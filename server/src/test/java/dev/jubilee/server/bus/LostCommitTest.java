package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.LostAnswers;
import dev.jubilee.server.testing.Platform;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LostCommitTest {
    @RegisterExtension static final Platform platform = new Platform();

    /** It is marked as being in the memory of an instance that never put it there. */
    @Test
    void whatWasRoutedThoughTheAnswerWasLostIsDelivered() {
        String topic = platform.topic("lost.commit");
        LostAnswers answers = new LostAnswers(platform.dataSource());
        try (Receiver receiver = new Receiver();
                BusInstance bus =
                        new BusInstance(
                                platform, Map.of(), platform.brokers(), answers.dataSource())) {
            created(bus, "operator", "/topics", "{\"name\": \"%s\"}".formatted(topic));
            created(
                    bus,
                    "service",
                    "/subscriptions",
                    "{\"service_name\": \"s\", \"method\": \"webhook\", \"topic_pattern\": \"%s\", \"endpoint\": \"%s\"}"
                            .formatted(topic, receiver.url()));
            arrives(receiver, publish(bus, topic));

            answers.loseNext("FOR SHARE OF v");
            arrives(receiver, publish(bus, topic));

            assertThat(answers.lost()).isEqualTo(1);
            arrives(receiver, publish(bus, topic));
        }
    }

    private static void arrives(Receiver receiver, String id) {
        Await.untilAsserted(
                id + " arrives",
                () ->
                        assertThat(receiver.received)
                                .extracting(Receiver.Received::eventId)
                                .contains(id));
    }

    private static void created(BusInstance bus, String who, String path, String body) {
        assertThat(bus.post(who, path, body).status()).isEqualTo(201);
    }

    private static String publish(BusInstance bus, String topic) {
        return bus.post(
                        "service",
                        "/events/publish",
                        "{\"event_type\": \"game.kill\", \"source\": \"t\", \"topic\": \"%s\", \"payload\": {}}"
                                .formatted(topic))
                .text("event_id");
    }
}
