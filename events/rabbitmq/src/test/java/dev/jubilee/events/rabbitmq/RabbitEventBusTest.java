package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.DurableEventBusContract;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealRabbitMq.class)
class RabbitEventBusTest extends DurableEventBusContract {
    private final RabbitMqServer server;

    RabbitEventBusTest(RabbitMqServer server) {
        this.server = server;
    }

    @Override
    protected EventBus open(EventRegistry registry) {
        return new RabbitEventBus(
                RabbitSettings.at(server.host(), server.port()), new JsonEventCodec(registry));
    }

    @Override
    protected void restartServer() {
        server.restart();
    }

    @Test
    void theServerHoldsBackWhatTheCapacityDoesNotAllow() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger handled = new AtomicInteger();
        SubscriptionOptions options = SubscriptionOptions.durable(family).withCapacity(10);
        bus().subscribe(
                        family + ".score",
                        options,
                        event -> {
                            gate.await();
                            handled.incrementAndGet();
                        });

        bus().publishAll(scores("ada", 100));

        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            Await.until(
                    "90 wait at the server", () -> channel.messageCount("events." + family) == 90);
            gate.countDown();
            Await.until("all are handled", () -> handled.get() == 100);
            Await.until("none is left", () -> channel.messageCount("events." + family) == 0);
        }
    }

    @Test
    void aMessageThatIsNoEventIsADeadLetter() throws Exception {
        EventHandler<BaseEvent> handler = event -> {};
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.durable(family),
                        handler.retrying(quick(3)));
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.basicPublish(
                    "",
                    "events." + family,
                    RabbitMessages.properties("m1", family + ".score", Map.of()).build(),
                    "{".getBytes(StandardCharsets.UTF_8));
        }

        var letter = awaitLetters(1).getFirst();

        assertThat(letter.eventId()).isEqualTo("m1");
        assertThat(letter.event()).isEmpty();
        assertThat(letter.attempts()).isEqualTo(1);
    }

    @Test
    void aTrailingStarIsBoundAsOneOrMoreSegments() {
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("game.*"))).isEqualTo("game.*.#");
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("*"))).isEqualTo("*.#");
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("*.end"))).isEqualTo("*.end");
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("game.#"))).isEqualTo("game.#");
    }

    @Test
    void refusesACapacityThatTheProtocolCannotExpress() {
        assertThatThrownBy(() ->
                        bus().subscribe(
                                        family + ".score",
                                        SubscriptionOptions.DEFAULT.withCapacity(65_536),
                                        event -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theEnvironmentsVariablesCount() {
        RabbitSettings settings =
                RabbitSettings.fromEnvironment(
                        Map.of(
                                "RABBITMQ_HOST", "rabbitmq.production.com",
                                "RABBITMQ_PORT", "5673",
                                "RABBITMQ_USERNAME", "app",
                                "RABBITMQ_PASSWORD", "secret",
                                "RABBITMQ_VHOST", "/prod",
                                "EVENT_RETRY_MAX_ATTEMPTS", "5"));

        assertThat(settings.toString())
                .isEqualTo(
                        "RabbitSettings[app@rabbitmq.production.com:5673/prod, exchange events]");
        assertThat(settings.password()).isEqualTo("secret");
        assertThat(settings.bus().retry().maxAttempts()).isEqualTo(5);
        assertThatThrownBy(() -> RabbitSettings.fromEnvironment(Map.of("RABBITMQ_PORT", "amqp")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("RABBITMQ_PORT");
    }

    private Connection connection() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(server.host());
        factory.setPort(server.port());
        return factory.newConnection();
    }
}
