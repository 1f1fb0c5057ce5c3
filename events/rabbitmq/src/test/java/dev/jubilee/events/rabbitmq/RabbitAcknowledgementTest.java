package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a server that waits for two seconds only. */
class RabbitAcknowledgementTest {
    private static final Duration WAITS = Duration.ofSeconds(2);
    private static RabbitMqServer server;

    private record Score(int points) {}

    private final EventRegistry registry =
            EventRegistry.builder().type("tck.score", Score.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "tck", "test");

    @BeforeAll
    static void start() {
        server = RabbitMqServer.acknowledgedWithin(WAITS);
    }

    @AfterAll
    static void end() {
        server.close();
    }

    private RabbitSettings settings() {
        return RabbitSettings.fromEnvironment(server.environment());
    }

    private BaseEvent score(int points) {
        return events.domain("player", "ada", new Score(points));
    }

    @Test
    void whatTheServerTakesBackComesAgainToADurableSubscription() {
        try (RabbitEventBus bus = new RabbitEventBus(settings(), new JsonEventCodec(registry))) {
            BaseEvent first = score(1);
            BaseEvent behind = score(2);
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
                    SubscriptionOptions.durable("once"),
                    failingOnce.retrying(inTenMinutes));

            bus.publishAll(List.of(first, behind));

            Await.until("both are handled", () -> tried.contains(behind.id()));
            // What is slow to be acknowledged may come once more.
            assertThat(tried).startsWith(first.id(), first.id());
            assertThat(tried.stream().distinct()).containsExactly(first.id(), behind.id());
        }
    }

    @Test
    void whatFailsBehindItsLikeBecomesADeadLetterAlsoWhenAllTogetherTakeLonger() {
        RabbitSettings honest = settings().withAcknowledgementTimeout(WAITS);
        try (RabbitEventBus bus = new RabbitEventBus(honest, new JsonEventCodec(registry))) {
            EventHandler<BaseEvent> failing =
                    event -> {
                        throw new IOException("always");
                    };
            RetryStrategy inASecond =
                    RetryStrategy.attempts(2)
                            .backoff(Backoff.fixed(Duration.ofSeconds(1)))
                            .deadLetterTo("tck", "late");
            bus.subscribe(
                    "tck.score", SubscriptionOptions.durable("never"), failing.retrying(inASecond));
            List<BaseEvent> all = List.of(score(1), score(2), score(3), score(4));

            bus.publishAll(all);

            DeadLetterRoute late = new DeadLetterRoute("tck", "late");
            Await.untilAsserted(
                    "all are dead letters",
                    () ->
                            assertThat(bus.deadLetters().view(late, 10))
                                    .extracting(DeadLetter::eventId)
                                    .containsAll(all.stream().map(BaseEvent::id).toList()));
        }
    }
}
