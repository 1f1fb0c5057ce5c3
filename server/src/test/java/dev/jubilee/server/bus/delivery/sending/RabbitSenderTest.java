package dev.jubilee.server.bus.delivery.sending;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import dev.jubilee.server.testing.SelfSigned;
import dev.jubilee.server.testing.TlsProxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RabbitSenderTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String EXCHANGE = "somewhere";

    private final Subscription subscription = TestSubscriptions.to(EXCHANGE);
    private long last;

    @Test
    void aServerThatTakesNothingIsNotSentAnythingUntilItDoes() throws Exception {
        try (RabbitMqServer rabbit = new RabbitMqServer();
                RabbitSender sender = sender(rabbit.host(), rabbit.port(), Duration.ofSeconds(2))) {
            declare(rabbit);
            Await.until("it takes", PATIENCE, () -> send(sender) instanceof Outcome.Kept);
            rabbit.memoryUsedUp(true);
            Await.until(
                    "it is known to take nothing",
                    PATIENCE,
                    () ->
                            send(sender) instanceof Outcome.Unsent(String reason, Duration _)
                                    && reason.contains("takes nothing"));

            for (int i = 0; i < 1_000; i++) {
                assertThat(sender.send(subscription, next())).isDone();
            }
            assertThat(sender.waiting()).isZero();

            rabbit.memoryUsedUp(false);
            Await.until("it takes again", PATIENCE, () -> send(sender) instanceof Outcome.Kept);
        }
    }

    @Test
    void onlySoMuchWaitsForAServerThatSaysNothing() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                RabbitSender sender =
                        sender("127.0.0.1", silent.getLocalPort(), Duration.ofSeconds(60))) {
            List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
            for (int i = 0; i < RabbitSender.MOST_WAITING + 100; i++) {
                outcomes.add(sender.send(subscription, next()));
            }

            assertThat(sender.waiting()).isLessThanOrEqualTo(RabbitSender.MOST_WAITING);
            assertThat(outcomes.getLast().get(20, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(
                            Outcome.Unsent.class,
                            unsent -> assertThat(unsent.reason()).contains("too much waits"));
        }
    }

    /** Else one that is sent once, whatever the answer, would count as delivered. */
    @Test
    void whatWaitedInVainForAServerThatSaysNothingWasNotSent() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                RabbitSender sender =
                        sender("127.0.0.1", silent.getLocalPort(), Duration.ofMillis(200))) {
            CompletableFuture<Outcome> connecting = sender.send(subscription, next());
            CompletableFuture<Outcome> queued = sender.send(subscription, next());

            assertThat(connecting.get(2, TimeUnit.MINUTES)).isInstanceOf(Outcome.Unsent.class);
            assertThat(queued.get(2, TimeUnit.MINUTES)).isInstanceOf(Outcome.Unsent.class);
        }
    }

    /** And with its channel all that is under way for others. */
    @Test
    void oneWhoseExchangeCanHaveNoSuchNameDoesNotEndTheConnection() throws Exception {
        Subscription wrong = TestSubscriptions.to("x".repeat(256));
        try (RabbitMqServer rabbit = new RabbitMqServer();
                RabbitSender sender = sender(rabbit.host(), rabbit.port(), PATIENCE)) {
            declare(rabbit);
            assertThat(send(sender)).isInstanceOf(Outcome.Kept.class);
            // That which declared may still be ending.
            Await.until("one is left", () -> connections(rabbit).size() == 1);
            List<Thread> before = connections(rabbit);

            assertThat(sender.send(wrong, next()).get(2, TimeUnit.MINUTES))
                    .isInstanceOf(Outcome.Unsent.class);
            assertThat(send(sender)).isInstanceOf(Outcome.Kept.class);

            assertThat(connections(rabbit)).isEqualTo(before).hasSize(1);
        }
    }

    /** The client reads each by a thread of its own. */
    private static List<Thread> connections(RabbitMqServer rabbit) {
        String name = "AMQP Connection " + rabbit.host() + ":" + rabbit.port();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .toList();
    }

    /** What cannot be written ends the channel, and with it all that is under way for others. */
    @Test
    void whatHasALongIdComesUnderOneThatIsAlwaysTheSame() throws Exception {
        String id = "出来事".repeat(33);
        String type = "game." + "出".repeat(95);
        try (RabbitMqServer rabbit = new RabbitMqServer();
                RabbitSender sender = sender(rabbit.host(), rabbit.port(), PATIENCE)) {
            declare(rabbit);

            assertThat(send(sender, id, type)).isInstanceOf(Outcome.Kept.class);
            assertThat(send(sender, id, type)).isInstanceOf(Outcome.Kept.class);

            AMQP.BasicProperties first = take(rabbit);
            assertThat(first.getMessageId()).isEqualTo(take(rabbit).getMessageId()).isNotEmpty();
            assertThat(first.getType()).isEqualTo(type.substring(0, 5 + 83));
        }
    }

    private Outcome send(RabbitSender sender, String id, String type) throws Exception {
        Delivery one =
                new Delivery(
                        subscription.id(),
                        1,
                        id,
                        type,
                        "t",
                        null,
                        1,
                        "{}".getBytes(UTF_8),
                        0,
                        NOW,
                        NOW);
        return sender.send(subscription, Shipment.of(one, false)).get(2, TimeUnit.MINUTES);
    }

    private static AMQP.BasicProperties take(RabbitMqServer rabbit) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(rabbit.host());
        factory.setPort(rabbit.port());
        try (Connection connection = factory.newConnection();
                Channel channel = connection.createChannel()) {
            return channel.basicGet(EXCHANGE, true).getProps();
        }
    }

    private Outcome send(RabbitSender sender) throws Exception {
        return sender.send(subscription, next()).get(2, TimeUnit.MINUTES);
    }

    private Shipment next() {
        last++;
        Delivery one =
                new Delivery(
                        subscription.id(),
                        last,
                        "e" + last,
                        "game.kill",
                        "t",
                        null,
                        1,
                        "{}".getBytes(UTF_8),
                        0,
                        NOW,
                        NOW);
        return Shipment.of(one, false);
    }

    private static RabbitSender sender(String host, int port, Duration timeout) {
        return new RabbitSender(
                new BrokerSettings.Rabbit(host, port, "guest", "guest", "/", null), timeout);
    }

    @Test
    void tlsIsSpokenToWhomItsAuthorityVouchesForByName(@TempDir Path folder) throws Exception {
        SelfSigned certificate = SelfSigned.in(folder);
        BrokerTls known = BrokerTlsTest.believing(certificate.pem());
        try (RabbitMqServer rabbit = new RabbitMqServer()) {
            declare(rabbit);
            String at = "amqp://" + rabbit.host() + ":" + rabbit.port();
            try (TlsProxy named = BrokerTlsTest.proxy(certificate, "127.0.0.1", at);
                    TlsProxy other = BrokerTlsTest.proxy(certificate, "127.0.0.2", at);
                    RabbitSender sender = sender("127.0.0.1", named.port(), known);
                    RabbitSender stranger =
                            sender("127.0.0.1", named.port(), BrokerTlsTest.believing());
                    RabbitSender misled = sender("127.0.0.2", other.port(), known)) {
                assertThat(send(sender)).isInstanceOf(Outcome.Kept.class);
                assertThat(send(stranger)).isInstanceOf(Outcome.Unsent.class);
                assertThat(send(misled)).isInstanceOf(Outcome.Unsent.class);
            }
        }
    }

    private static RabbitSender sender(String host, int port, BrokerTls tls) {
        return new RabbitSender(
                new BrokerSettings.Rabbit(host, port, "guest", "guest", "/", tls), PATIENCE);
    }

    private static void declare(RabbitMqServer rabbit) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(rabbit.host());
        factory.setPort(rabbit.port());
        try (Connection connection = factory.newConnection();
                Channel channel = connection.createChannel()) {
            channel.exchangeDeclare(EXCHANGE, "topic", true);
            channel.queueDeclare(EXCHANGE, true, false, false, Map.of());
            channel.queueBind(EXCHANGE, EXCHANGE, "#");
        }
    }
}
