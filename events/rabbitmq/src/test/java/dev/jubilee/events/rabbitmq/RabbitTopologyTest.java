package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

/** What the server does by itself, as the queues and exchanges tell it to. */
@ExtendWith(RealRabbitMq.class)
class RabbitTopologyTest {
    private final String family =
            "topology" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final EventRegistry registry =
            EventRegistry.builder().type(family + ".score", Score.class).build();
    private final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "rabbitmq", "test");
    private final DeadLetterRoute dead = new DeadLetterRoute(family + ".letters", "dead");
    private final Queue<String> handled = new ConcurrentLinkedQueue<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(RabbitTopology.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final RabbitSettings settings;

    record Score(String player, int points) {}

    RabbitTopologyTest(RabbitMqServer server) {
        this.settings = RabbitSettings.fromEnvironment(server.environment()).withExchange(family);
    }

    @BeforeEach
    void listen() {
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(lines);
        logger.setAdditive(true);
    }

    @Test
    void whatTheServerDropsByItselfIsADeadLetterThatCanBeRedriven() throws Exception {
        try (RabbitEventBus bus = bus()) {
            whatIsDroppedIsALetter(bus, dead);
        }
    }

    @Test
    void alsoWhereTheLettersLieAtTheEventsOwnExchange() throws Exception {
        try (RabbitEventBus bus = bus()) {
            bus.subscribe("#", event -> handled.add("another subscription's " + event.id()));
            DomainEvent<Score> dropped =
                    whatIsDroppedIsALetter(bus, new DeadLetterRoute(family, "dead"));
            Await.untilAsserted(
                    "both have it",
                    () ->
                            assertThat(handled)
                                    .containsExactlyInAnyOrder(
                                            dropped.id(),
                                            "another subscription's " + dropped.id()));
        }
    }

    private DomainEvent<Score> whatIsDroppedIsALetter(RabbitEventBus bus, DeadLetterRoute letters)
            throws Exception {
        EventHandler<BaseEvent> noting = event -> handled.add(event.id());
        EventHandler<BaseEvent> handler =
                noting.retrying(
                        RetryStrategy.attempts(1)
                                .deadLetterTo(letters.exchange(), letters.routingKey()));
        bus.subscribe("#", SubscriptionOptions.durable("scores"), handler).close();
        DomainEvent<Score> dropped = events.domain("player", "ada", new Score("ada", 1));
        Instant before = Instant.now().minusSeconds(2);
        bus.publish(dropped);

        reject(family + ".scores");

        Await.until("it is a letter", () -> bus.deadLetters().view(letters, 10).size() == 1);
        DeadLetter letter = bus.deadLetters().view(letters, 10).getFirst();
        assertThat(letter.event()).contains(dropped);
        assertThat(letter.subscription()).isEqualTo("scores");
        assertThat(letter.reason()).isEqualTo("the server gave it up: rejected");
        assertThat(letter.failedAt()).isAfter(before);

        bus.subscribe("#", SubscriptionOptions.durable("scores"), handler);
        assertThat(bus.deadLetters().redrive(letters, each -> true)).isEqualTo(1);
        Await.until("it is handled", () -> handled.contains(dropped.id()));
        assertThat(bus.deadLetters().view(letters, 10)).isEmpty();
        return dropped;
    }

    /** Has the server drop the first message of the queue. */
    private void reject(String queue) throws Exception {
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            Queue<Long> rejected = new ConcurrentLinkedQueue<>();
            channel.basicConsume(
                    queue,
                    false,
                    new DefaultConsumer(channel) {
                        @Override
                        public void handleDelivery(
                                String tag,
                                Envelope delivery,
                                AMQP.BasicProperties properties,
                                byte[] body)
                                throws IOException {
                            channel.basicReject(delivery.getDeliveryTag(), false);
                            rejected.add(delivery.getDeliveryTag());
                        }
                    });
            Await.until("it is rejected", () -> !rejected.isEmpty());
        }
    }

    @Test
    void aQueueThatWasMadeOtherwiseIsSaidOnceAndUsed() throws Exception {
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.queueDeclare(
                    family + ".scores", true, false, false, Map.of("x-queue-type", "quorum"));
        }
        SubscriptionOptions durable = SubscriptionOptions.durable("scores");
        try (RabbitEventBus bus = bus()) {
            bus.subscribe("#", durable, event -> {}).close();
            bus.subscribe("#", durable, event -> handled.add(event.id()));
            bus.publish(events.domain("player", "ada", new Score("ada", 1)));
            Await.until("it came", () -> handled.size() == 1);
        }
        assertThat(lines.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .singleElement()
                .asString()
                .contains(family + ".scores", "x-dead-letter-exchange");
    }

    @Test
    void aQueueThatIsAsItShouldBeIsNoNews() {
        SubscriptionOptions durable = SubscriptionOptions.durable("scores");
        try (RabbitEventBus bus = bus()) {
            bus.subscribe("#", durable, event -> {}).close();
            bus.subscribe("#", durable, event -> {}).close();
        }
        assertThat(lines.list).isEmpty();
    }

    @Test
    void anExchangeThatKnowsNoPatternsIsRefused() throws Exception {
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.exchangeDeclare(family, "fanout", true);
        }

        assertThatThrownBy(this::bus)
                .isInstanceOf(UncheckedIOException.class)
                .cause()
                .hasMessageContaining(family)
                .hasMessageContaining("topic");
    }

    private RabbitEventBus bus() {
        return new RabbitEventBus(
                settings.withPatience(Duration.ofSeconds(30)), new JsonEventCodec(registry));
    }

    private Connection connection() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(settings.host());
        factory.setPort(settings.port());
        factory.setUsername(settings.username());
        factory.setPassword(settings.password());
        factory.setVirtualHost(settings.virtualHost());
        return factory.newConnection();
    }
}
