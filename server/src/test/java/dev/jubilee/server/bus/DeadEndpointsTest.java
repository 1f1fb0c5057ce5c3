package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.bus.Receiver.Reply;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.testing.Platform;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several endpoints answer nothing good, and what they are owed is large. */
class DeadEndpointsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int MEMORY = 1 << 20;
    private static final int BODY = 50_000;
    private static final int EVENTS = 60;
    private static final int DEAD = 3;

    @ParameterizedTest
    @ValueSource(strings = {"key", "none"})
    void whatTheyAreOwedTakesNoMoreMemoryThanThereIsForAllAndNothingFromOthers(String ordering) {
        String topic = platform.topic("dead." + ordering);
        try (Receiver dead = new Receiver();
                Receiver well = new Receiver();
                BusInstance bus = new BusInstance(platform, new DeliveryMemory(MEMORY))) {
            dead.behaviour = request -> Reply.of(500);
            topic(bus, topic);
            for (int i = 0; i < DEAD; i++) {
                subscribe(bus, topic, dead, ordering);
            }
            publish(bus, topic);
            Await.until(
                    "their circuits are open",
                    PATIENCE,
                    () -> dead.received.size() >= 10 * DEAD && taken(bus) > 0);
            subscribe(bus, topic, well, ordering);
            List<String> ids = publish(bus, topic);

            Await.until(
                    "all came to who is well",
                    PATIENCE,
                    () -> {
                        assertThat(taken(bus)).isLessThan(MEMORY + (DEAD + 1) * (BODY + 1_000.0));
                        return well.received.size() >= EVENTS;
                    });
            assertThat(well.eventIds()).containsExactlyInAnyOrderElementsOf(ids);
            heal(dead, ids, 2 * EVENTS);
            Await.until("nothing is held", PATIENCE, () -> taken(bus) == 0);
        }
    }

    /** Each event is larger than all the memory there is. */
    @Test
    void whatIsLargerThanAllMemoryIsDeliveredOneByOne() {
        String topic = platform.topic("large");
        try (Receiver receiver = new Receiver();
                BusInstance bus = new BusInstance(platform, new DeliveryMemory(BODY / 2))) {
            topic(bus, topic);
            subscribe(bus, topic, receiver, "key");
            List<String> ids = publish(bus, topic);
            Await.until("all came", PATIENCE, () -> receiver.received.size() >= EVENTS);
            assertThat(receiver.eventIds()).containsExactlyInAnyOrderElementsOf(ids);
            Await.until("nothing is held", PATIENCE, () -> taken(bus) == 0);
        }
    }

    private static void heal(Receiver dead, List<String> ids, int each) {
        List<String> accepted = java.util.Collections.synchronizedList(new ArrayList<>());
        dead.behaviour =
                request -> {
                    accepted.add(request.eventId());
                    return Reply.of(200);
                };
        Await.until(
                "all came to who was dead",
                PATIENCE,
                () -> {
                    platform.clock().advance(Duration.ofSeconds(30));
                    return accepted.size() >= DEAD * each;
                });
        assertThat(accepted).hasSize(DEAD * each);
        assertThat(new HashSet<>(accepted)).hasSize(each).containsAll(ids);
    }

    private static double taken(BusInstance bus) {
        return bus.registry.get("event_bus_delivery_memory").gauge().value();
    }

    private static void topic(BusInstance bus, String topic) {
        Answer made =
                bus.post(
                        "operator",
                        "/topics",
                        "{\"name\": \"%s\", \"partitions\": 1}".formatted(topic));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
    }

    private static void subscribe(
            BusInstance bus, String topic, Receiver receiver, String ordering) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s",
                         "rate_limit_per_min": 0, "ordering": "%s", "retry_delay": 60, "max_retries": 50}
                        """
                                .formatted(topic, receiver.url(), ordering));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
    }

    private static List<String> publish(BusInstance bus, String topic) {
        List<String> events = new ArrayList<>();
        for (int n = 0; n < EVENTS; n++) {
            events.add(
                    """
                    {"event_type": "game.kill", "source": "t", "topic": "%s", "key": "k%d", "payload": {"text": "%s"}}
                    """
                            .formatted(topic, n, "x".repeat(BODY)));
        }
        Answer answer =
                bus.post("service", "/events/publish/batch", "[" + String.join(",", events) + "]");
        assertThat(answer.body().path("failed").asInt(-1)).as(answer.body().toString()).isZero();
        List<String> ids = new ArrayList<>();
        answer.body().get("results").forEach(one -> ids.add(one.get("event_id").stringValue()));
        return ids;
    }
}
