package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** On a server that does not wait for as long as the settings believe. */
class RabbitAcknowledgementTest {
    private record Score(int points) {}

    private final EventRegistry registry =
            EventRegistry.builder().type("tck.score", Score.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "tck", "test");

    @Test
    void whatTheServerTakesBackComesAgainToADurableSubscription() {
        try (RabbitMqServer server = RabbitMqServer.acknowledgedWithin(Duration.ofSeconds(1));
                RabbitEventBus bus =
                        new RabbitEventBus(
                                RabbitSettings.fromEnvironment(server.environment()),
                                new JsonEventCodec(registry))) {
            BaseEvent first = events.domain("player", "ada", new Score(1));
            BaseEvent behind = events.domain("player", "ada", new Score(2));
            List<String> tried = new CopyOnWriteArrayList<>();
            EventHandler<BaseEvent> failingOnce =
                    event -> {
                        tried.add(event.id());
                        if (tried.size() == 1) {
                            throw new IOException("the first time");
                        }
                    };
            RetryStrategy inTenMinutes =
                    RetryStrategy.attempts(2).backoff(Backoff.fixed(Duration.ofMinutes(10)));
            bus.subscribe(
                    "tck.score",
                    SubscriptionOptions.durable("scores"),
                    failingOnce.retrying(inTenMinutes));

            bus.publishAll(List.of(first, behind));

            Await.until("both are handled", () -> tried.size() == 3);
            assertThat(tried).containsExactly(first.id(), first.id(), behind.id());
        }
    }
}
