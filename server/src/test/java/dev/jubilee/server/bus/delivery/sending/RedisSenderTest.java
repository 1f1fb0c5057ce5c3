package dev.jubilee.server.bus.delivery.sending;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RedisServer;
import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import dev.jubilee.server.testing.SelfSigned;
import dev.jubilee.server.testing.TlsProxy;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisSenderTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Duration SOON = Duration.ofMillis(300);

    private final Subscription subscription = TestSubscriptions.to("somewhere");

    /** Else one that is sent once, whatever the answer, would count as delivered. */
    @Test
    void whatWaitedInVainForAConnectionWasNotSent() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                RedisSender sender = sender("127.0.0.1", silent.getLocalPort(), SOON)) {
            assertThat(send(sender)).isInstanceOf(Outcome.Unsent.class);
        }
    }

    @Test
    void whatWasSentAndIsNotAnsweredMayHaveArrived() throws Exception {
        try (RedisServer redis = new RedisServer()) {
            RedisURI uri = RedisURI.create(redis.uri());
            RedisClient client = RedisClient.create(uri);
            try (StatefulRedisConnection<String, String> operator = client.connect();
                    RedisSender sender = sender(uri.getHost(), uri.getPort(), SOON)) {
                Await.until("it takes", () -> send(sender) instanceof Outcome.Kept);
                operator.sync()
                        .dispatch(
                                CommandType.CLIENT,
                                new StatusOutput<>(StringCodec.UTF8),
                                new CommandArgs<>(StringCodec.UTF8)
                                        .add("PAUSE")
                                        .add(60_000)
                                        .add("WRITE"));

                assertThat(send(sender)).isInstanceOf(Outcome.Failed.class);
            } finally {
                client.shutdown();
            }
        }
    }

    @Test
    void tlsIsSpokenToWhomItsAuthorityVouchesForByName(@TempDir Path folder) throws Exception {
        SelfSigned certificate = SelfSigned.in(folder);
        BrokerTls known = BrokerTlsTest.believing(certificate.pem());
        try (RedisServer redis = new RedisServer();
                TlsProxy named = BrokerTlsTest.proxy(certificate, "127.0.0.1", redis.uri());
                TlsProxy other = BrokerTlsTest.proxy(certificate, "127.0.0.2", redis.uri());
                RedisSender sender = sender("127.0.0.1", named.port(), known);
                RedisSender stranger =
                        sender("127.0.0.1", named.port(), BrokerTlsTest.believing());
                RedisSender misled = sender("127.0.0.2", other.port(), known)) {
            assertThat(send(sender)).isInstanceOf(Outcome.Kept.class);
            assertThat(send(stranger)).isInstanceOf(Outcome.Unsent.class);
            assertThat(send(misled)).isInstanceOf(Outcome.Unsent.class);
        }
    }

    private static RedisSender sender(String host, int port, BrokerTls tls) {
        return new RedisSender(
                new BrokerSettings.Redis(host, port, null, 0, tls), Duration.ofSeconds(20));
    }

    private Outcome send(RedisSender sender) throws Exception {
        Delivery one =
                new Delivery(
                        subscription.id(),
                        1,
                        "e1",
                        "game.kill",
                        "t",
                        null,
                        1,
                        "{}".getBytes(UTF_8),
                        0,
                        NOW,
                        NOW);
        return sender.send(subscription, Shipment.of(one, false)).get(2, TimeUnit.MINUTES);
    }

    private static RedisSender sender(String host, int port, Duration timeout) {
        return new RedisSender(new BrokerSettings.Redis(host, port, null, 0, null), timeout);
    }
}
