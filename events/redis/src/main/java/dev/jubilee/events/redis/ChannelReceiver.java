package dev.jubilee.events.redis;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Feeds one subscription from its channels. It has a client of its own, because it holds up the
 * client's thread while the workers are full: that is what makes the server wait. After a lost
 * connection it listens again by itself.
 */
final class ChannelReceiver extends RedisPubSubAdapter<String, String> {
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);

    private final TopicPattern pattern;
    private final RedisMessages messages;
    private final Dispatcher dispatcher;
    private final ClientResources resources = RedisLink.resources();
    private final RedisClient client;

    ChannelReceiver(
            RedisAddress address,
            TopicPattern pattern,
            RedisMessages messages,
            Dispatcher dispatcher) {
        this.pattern = pattern;
        this.messages = messages;
        this.dispatcher = dispatcher;
        this.client = RedisClient.create(resources, address.uri());
    }

    /** Returns when events are received. */
    void listen(String glob, String channel) {
        try {
            StatefulRedisPubSubConnection<String, String> connection = client.connectPubSub();
            connection.addListener(this);
            connection.sync().psubscribe(glob);
            connection.sync().subscribe(channel);
        } catch (RedisException e) {
            end(false);
            throw e;
        }
    }

    @Override
    public void message(String glob, String channel, String text) {
        RedisMessages.Received received = messages.received(text);
        if (received.envelope() == null || pattern.matches(received.type())) {
            deliver(received);
        }
    }

    @Override
    public void message(String channel, String text) {
        deliver(messages.received(text));
    }

    private void deliver(RedisMessages.Received received) {
        try {
            boolean unused =
                    dispatcher.dispatch(
                            new RedisDelivery(messages, received, RedisDelivery.Claim.NONE));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void end(boolean drain) {
        if (drain) {
            dispatcher.close();
        } else {
            dispatcher.stop();
        }
        client.shutdown(Duration.ZERO, CLOSE_WITHIN);
        var unused = resources.shutdown(0, CLOSE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    }
}
