package dev.jubilee.server.bus.delivery.sending;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Appends to streams of a Redis server. It has arrived once {@code XADD} has answered. The
 * connection is made when the first is sent, and made anew when it is lost. Thread-safe.
 */
public final class RedisSender implements Sender {
    private static final byte[] EVENT = "event".getBytes(UTF_8);
    private static final byte[] TOPIC = "topic".getBytes(UTF_8);

    private final ClientResources resources =
            DefaultClientResources.builder()
                    .ioThreadPoolSize(2)
                    .computationThreadPoolSize(2)
                    .build();
    private final BrokerFaults faults = new BrokerFaults("Redis");
    private final RedisClient client;
    private final RedisURI server;
    private final Duration timeout;
    private @Nullable CompletableFuture<StatefulRedisConnection<byte[], byte[]>> connection;

    public RedisSender(BrokerSettings.Redis redis, Duration timeout) {
        this.timeout = timeout;
        RedisURI.Builder uri =
                RedisURI.builder()
                        .withHost(redis.host())
                        .withPort(redis.port())
                        .withDatabase(redis.database());
        if (redis.password() != null) {
            uri.withPassword(redis.password().toCharArray());
        }
        // A command that is not answered when the connection is lost fails, and is a try that
        // failed.
        ClientOptions.Builder options = ClientOptions.builder().autoReconnect(false);
        if (redis.tls() != null) {
            uri.withSsl(true).withVerifyPeer(SslVerifyMode.FULL);
            options.sslOptions(
                    SslOptions.builder()
                            .jdkSslProvider()
                            .trustManager(redis.tls().authorities())
                            .build());
        }
        this.server = uri.build();
        this.client = RedisClient.create(resources);
        client.setOptions(options.build());
    }

    @Override
    public CompletableFuture<Outcome> send(Subscription to, Shipment shipment) {
        long at = System.nanoTime();
        SendState state = new SendState();
        byte[] stream = String.valueOf(to.endpoint()).getBytes(UTF_8);
        Map<byte[], byte[]> entry =
                Map.of(
                        EVENT, shipment.body(),
                        TOPIC, shipment.deliveries().getFirst().topic().getBytes(UTF_8));
        return connection()
                .thenCompose(link ->
                        state.begin()
                                ? append(link, stream, entry)
                                : CompletableFuture.failedStage(new TimeoutException()))
                .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .handle((id, failure) -> outcome(id, failure, state, at));
    }

    private CompletionStage<String> append(
            StatefulRedisConnection<byte[], byte[]> link,
            byte[] stream,
            Map<byte[], byte[]> entry) {
        return link.async()
                .xadd(stream, entry)
                .toCompletableFuture()
                .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((id, failure) -> {
                    if (failure instanceof TimeoutException) {
                        // Nobody may be there any more: whatever is sent next asks anew.
                        var _ = link.closeAsync();
                    }
                });
    }

    private Outcome outcome(
            @Nullable String id, @Nullable Throwable failure, SendState state, long at) {
        Duration took = Duration.ofNanos(System.nanoTime() - at);
        if (id != null) {
            return new Outcome.Kept(id, took);
        }
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        if (cause != null) {
            faults.note(cause);
        }
        return state.giveUp() || cause instanceof RedisConnectionException
                ? new Outcome.Unsent("Redis cannot be reached", took)
                : new Outcome.Failed(reason(cause), took);
    }

    private static String reason(@Nullable Throwable cause) {
        return switch (cause) {
            case TimeoutException _ -> "Redis did not answer in time";
            case RedisCommandExecutionException _ -> "Redis refused the command";
            case null, default -> "the connection to Redis was lost";
        };
    }

    private synchronized CompletableFuture<StatefulRedisConnection<byte[], byte[]>> connection() {
        CompletableFuture<StatefulRedisConnection<byte[], byte[]>> known = connection;
        boolean lost =
                known == null
                        || known.isCompletedExceptionally()
                        || (known.isDone() && !known.join().isOpen());
        if (known != null && !lost) {
            return known;
        }
        CompletableFuture<StatefulRedisConnection<byte[], byte[]>> made;
        try {
            made = client.connectAsync(ByteArrayCodec.INSTANCE, server).toCompletableFuture();
        } catch (RedisException e) {
            made = CompletableFuture.failedFuture(e);
        }
        connection = made;
        return made;
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        var _ = resources.shutdown(0, 2, TimeUnit.SECONDS);
    }
}
