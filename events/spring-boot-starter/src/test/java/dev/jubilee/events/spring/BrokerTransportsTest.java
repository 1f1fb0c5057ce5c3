package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import dev.jubilee.events.tck.servers.RedisServer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** An application's handlers on a real RabbitMQ and a real Redis, chosen by settings alone. */
class BrokerTransportsTest {
    private final ApplicationContextRunner runner =
            new ApplicationContextRunner()
                    .withConfiguration(
                            AutoConfigurations.of(
                                    EventBusAutoConfiguration.class,
                                    EventHealthAutoConfiguration.class,
                                    KafkaTransportAutoConfiguration.class,
                                    RabbitTransportAutoConfiguration.class,
                                    RedisTransportAutoConfiguration.class))
                    .withUserConfiguration(Guild.class);

    record Kill(String weapon) {}

    @Configuration(proxyBeanMethods = false)
    static class Guild {
        final List<Kill> seen = new CopyOnWriteArrayList<>();

        @Bean
        EventTypes types() {
            return registry -> registry.type("game.kill", Kill.class);
        }
    }

    static class Scribe {
        private final Guild guild;

        Scribe(Guild guild) {
            this.guild = guild;
        }

        @HandlesEvents(value = "game.*", durable = "scribe")
        void wrote(DomainEvent<Kill> event) {
            guild.seen.add(event.data());
        }
    }

    static class Listener {
        private final Guild guild;

        Listener(Guild guild) {
            this.guild = guild;
        }

        @HandlesEvents("game.*")
        void heard(Kill kill) {
            guild.seen.add(kill);
        }
    }

    private static void carriesAKill(ApplicationContextRunner application) {
        application.run(context -> {
            assertThat(context).hasNotFailed();
            EventFactory events = context.getBean(EventFactory.class);
            context.getBean(EventBus.class)
                    .publish(events.domain("player", "ada", new Kill("bow")));

            List<Kill> seen = context.getBean(Guild.class).seen;
            Await.until("the kill is handled", () -> !seen.isEmpty());
            assertThat(seen).containsExactly(new Kill("bow"));
            EventsHealthIndicator health = context.getBean(EventsHealthIndicator.class);
            Await.until("it is up", () -> Status.UP.equals(health.health().getStatus()));
        });
    }

    @Test
    void rabbitMq() {
        try (RabbitMqServer server = new RabbitMqServer()) {
            ApplicationContextRunner rabbitMq =
                    on(server)
                            .withBean(Scribe.class)
                            .withPropertyValues(
                                    "jubilee.events.rabbitmq.exchange=starter-"
                                            + UUID.randomUUID());
            carriesAKill(rabbitMq);
            rabbitMq.withPropertyValues("jubilee.events.rabbitmq.acknowledgement-timeout=2s")
                    .run(context ->
                            assertThat(context)
                                    .getFailure()
                                    .rootCause()
                                    .hasMessageContaining("the retries may wait PT2S"));
        }
    }

    private ApplicationContextRunner on(RabbitMqServer server) {
        return runner.withPropertyValues(
                "jubilee.events.rabbitmq.host=" + server.host(),
                "jubilee.events.rabbitmq.port=" + server.port());
    }

    @Test
    void redisStreamsAndPubSub() {
        try (RedisServer server = new RedisServer()) {
            ApplicationContextRunner redis =
                    runner.withPropertyValues(
                            "jubilee.events.redis.uri=" + server.uri(),
                            "jubilee.events.redis.stream=starter-" + UUID.randomUUID());
            carriesAKill(redis.withBean(Scribe.class));
            carriesAKill(
                    redis.withBean(Listener.class)
                            .withPropertyValues("jubilee.events.transport=redis-pubsub"));
        }
    }

    @Test
    void aRabbitMqThatIsGoneMakesTheHealthBadUntilItIsBack() {
        try (RabbitMqServer server = new RabbitMqServer()) {
            on(server)
                    .withBean(Listener.class)
                    .run(context -> {
                        EventsHealthIndicator health = context.getBean(EventsHealthIndicator.class);
                        server.kill();

                        assertThat(status(health)).isEqualTo(Status.DOWN);

                        server.start();
                        Await.until("it is back", () -> status(health).equals(Status.UP));
                    });
        }
    }

    private static Status status(EventsHealthIndicator health) throws Exception {
        return CompletableFuture.supplyAsync(() -> health.health().getStatus())
                .get(2, TimeUnit.MINUTES);
    }

    @Test
    void aServerThatIsGoneMakesTheHealthBad() {
        try (RedisServer server = new RedisServer()) {
            runner.withPropertyValues("jubilee.events.redis.uri=" + server.uri())
                    .run(context -> {
                        server.kill();

                        assertThat(
                                        context.getBean(EventsHealthIndicator.class)
                                                .health()
                                                .getStatus())
                                .isEqualTo(Status.DOWN);
                    });
        }
    }
}
