package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a server that cannot keep up with what it is told. */
class RabbitDeadLettersTest {
    private static final int ROUNDS = 10;
    private static final int LETTERS = 40;
    private static final DeadLetterRoute DEAD = new DeadLetterRoute("tck", "dead");
    private static RabbitMqServer server;

    private record Score(int points) {}

    private final EventRegistry registry =
            EventRegistry.builder().type("tck.score", Score.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "tck", "test");

    @BeforeAll
    static void start() {
        server = RabbitMqServer.ofSlowQueues();
    }

    @AfterAll
    static void end() {
        server.close();
    }

    @Test
    void whatWasRedrivenIsNotThereAgainHoweverSlowTheQueueIs() {
        RabbitSettings settings = RabbitSettings.fromEnvironment(server.environment());
        try (RabbitEventBus bus = new RabbitEventBus(settings, new JsonEventCodec(registry))) {
            AtomicInteger attempts = new AtomicInteger();
            EventHandler<BaseEvent> failing =
                    event -> {
                        attempts.incrementAndGet();
                        throw new IOException("always");
                    };
            bus.subscribe(
                    "tck.score",
                    failing.retrying(
                            RetryStrategy.attempts(1)
                                    .deadLetterTo(DEAD.exchange(), DEAD.routingKey())));
            bus.publishAll(
                    IntStream.range(0, LETTERS)
                            .mapToObj(points -> events.domain("player", "ada", new Score(points)))
                            .toList());
            awaitLetters(bus);

            for (int round = 1; round <= ROUNDS; round++) {
                assertThat(bus.deadLetters().redrive(DEAD, letter -> true))
                        .as("redriven in round %d", round)
                        .isEqualTo(LETTERS);
                int expected = (round + 1) * LETTERS;
                Await.untilAsserted(
                        "all failed again", () -> assertThat(attempts).hasValue(expected));
                awaitLetters(bus);
            }
        }
    }

    private static void awaitLetters(RabbitEventBus bus) {
        Await.untilAsserted(
                "the letters lie there",
                () -> assertThat(ids(bus)).hasSize(LETTERS).doesNotHaveDuplicates());
    }

    private static List<String> ids(RabbitEventBus bus) {
        return bus.deadLetters().view(DEAD, 2 * LETTERS).stream().map(DeadLetter::eventId).toList();
    }
}
