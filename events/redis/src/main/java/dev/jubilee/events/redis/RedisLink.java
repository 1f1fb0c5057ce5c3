package dev.jubilee.events.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandInterruptedException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.event.command.CommandListener;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;

/**
 * The way to one server: a connection that everybody shares, made again when it is lost, and
 * further ones that are not. What was sent on the shared one and not answered when it is lost is
 * sent again, so it may be done twice. Thread-safe.
 */
public final class RedisLink implements AutoCloseable {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
    private static final Duration LONGEST_RECONNECT_PAUSE = Duration.ofMillis(500);
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);
    private static final int MOST_UNANSWERED = 100_000;

    private final ClientResources resources = resources();
    private final RedisAddress address;
    private final RedisClient client;
    private final RedisClient unrepeated;
    private final StatefulRedisConnection<String, String> shared;

    private RedisLink(RedisAddress address, CommandListener listener) {
        this.address = address;
        client = RedisClient.create(resources, address.uri());
        client.setOptions(
                ClientOptions.builder()
                        .requestQueueSize(MOST_UNANSWERED)
                        .timeoutOptions(TimeoutOptions.enabled(ANSWER_WITHIN))
                        .build());
        client.addListener(listener);
        unrepeated = RedisClient.create(resources, address.uri());
        unrepeated.setOptions(
                ClientOptions.builder()
                        .autoReconnect(false)
                        .timeoutOptions(TimeoutOptions.enabled(ANSWER_WITHIN))
                        .build());
        try {
            shared = client.connect();
        } catch (RedisException e) {
            shutDown();
            throw e;
        }
    }

    /**
     * Connects.
     *
     * @throws RedisException if the server does not answer
     */
    public static RedisLink to(RedisAddress address) {
        return to(address, new CommandListener() {});
    }

    /** As above; the listener is told of every command on the shared connection. */
    public static RedisLink to(RedisAddress address, CommandListener listener) {
        return new RedisLink(address, listener);
    }

    /** What a client needs to run; whoever asks shuts it down. */
    static ClientResources resources() {
        return DefaultClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .reconnectDelay(
                        Delay.exponential(
                                Duration.ZERO, LONGEST_RECONNECT_PAUSE, 2, TimeUnit.MILLISECONDS))
                .build();
    }

    /**
     * Refuses a server on which an event store would lose events, and warns in the log of what
     * makes them less safe.
     *
     * @throws IllegalArgumentException saying everything that has to change
     */
    public void requireForStore(Logger log) {
        ServerFacts.requireForStore(this, address, log);
    }

    /** For commands that do not wait at the server. */
    public StatefulRedisConnection<String, String> shared() {
        return shared;
    }

    /**
     * For one alone, who closes it: when it is lost, what was sent on it fails, and it stays lost.
     */
    StatefulRedisConnection<String, String> once() {
        return unrepeated.connect();
    }

    /**
     * Asks the server for its word.
     *
     * @throws RedisException if it does not answer within this time
     */
    void ping(Duration atMost) {
        RedisFuture<String> answer = shared.async().ping();
        try {
            var unused = answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisCommandInterruptedException(e);
        } catch (ExecutionException | TimeoutException e) {
            answer.cancel(true);
            throw new RedisException("no answer from Redis", e);
        }
    }

    @Override
    public void close() {
        shared.close();
        shutDown();
    }

    private void shutDown() {
        client.shutdown(Duration.ZERO, CLOSE_WITHIN);
        unrepeated.shutdown(Duration.ZERO, CLOSE_WITHIN);
        var unused = resources.shutdown(0, CLOSE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    }
}
