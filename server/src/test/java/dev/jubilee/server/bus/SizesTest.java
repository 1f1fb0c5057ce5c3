package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.testing.Platform;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings that say how much is done at once move what is shown of it. */
class SizesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int EVENTS = 12;

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void soManyRequestsAreUnderWayToOneEndpointAsTheWorkerPoolHasPlaces(int size) {
        CountDownLatch answering = new CountDownLatch(1);
        try (BusInstance bus = bus("EVENT_BUS_WORKER_POOL_SIZE", size);
                Receiver slow = new Receiver();
                Receiver witness = new Receiver()) {
            slow.behaviour =
                    request -> {
                        answering.await();
                        return Receiver.Reply.of(200);
                    };
            String topic = topic(bus, "pool." + size);
            subscribe(bus, topic, slow, ", \"ordering\": \"none\"");
            subscribe(bus, topic, witness, ", \"ordering\": \"none\"");
            publish(bus, topic);

            Await.until("the witness has all", () -> witness.received.size() == EVENTS);
            Await.untilAsserted(
                    "the pool is full",
                    () -> {
                        assertThat(gauge(bus, "event_bus_deliveries_in_flight")).isEqualTo(size);
                        assertThat(gauge(bus, "event_bus_active_workers"))
                                .isGreaterThanOrEqualTo(size);
                        assertThat(slow.received).hasSize(size);
                    });

            answering.countDown();
            Await.until("all are through", () -> slow.received.size() == EVENTS);
            Await.untilAsserted(
                    "nobody works",
                    () -> {
                        assertThat(gauge(bus, "event_bus_deliveries_in_flight")).isZero();
                        assertThat(gauge(bus, "event_bus_active_workers")).isZero();
                    });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 6})
    void whoNamesNoSizeOfItsBatchesHasThatOfTheSetting(int size) {
        try (BusInstance bus = bus("EVENT_BUS_BATCH_SIZE", size);
                Receiver receiver = new Receiver()) {
            String topic = topic(bus, "batch." + size);
            Answer made =
                    subscribe(
                            bus,
                            topic,
                            receiver,
                            ", \"enable_batching\": true, \"batch_window_ms\": 60000");
            assertThat(made.body().path("batch_size").asInt(0)).isEqualTo(size);
            publish(bus, topic);

            Await.until("all came", () -> receiver.received.size() == EVENTS / size);
            assertThat(receiver.received).allMatch(one -> one.json().size() == size);
        }
    }

    private static BusInstance bus(String setting, int value) {
        return new BusInstance(platform, Map.of(setting, Integer.toString(value)));
    }

    private static double gauge(BusInstance bus, String name) {
        return bus.registry.get(name).gauge().value();
    }

    private static String topic(BusInstance bus, String name) {
        String topic = platform.topic(name);
        assertThat(bus.post("operator", "/topics", "{\"name\": \"" + topic + "\"}").status())
                .isEqualTo(201);
        return topic;
    }

    private static Answer subscribe(BusInstance bus, String topic, Receiver receiver, String more) {
        Answer made =
                bus.post(
                        "service",
                        "/subscriptions",
                        """
                        {"service_name": "s", "method": "webhook", "topic_pattern": "%s", "endpoint": "%s"%s}
                        """
                                .formatted(topic, receiver.url(), more));
        assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
        return made;
    }

    private static void publish(BusInstance bus, String topic) {
        for (int i = 0; i < EVENTS; i++) {
            Answer answer =
                    bus.post(
                            "service",
                            "/events/publish",
                            """
                            {"event_type": "game.match.end", "source": "t", "topic": "%s", "payload": %d}
                            """
                                    .formatted(topic, i));
            assertThat(answer.status()).isEqualTo(200);
        }
    }
}
