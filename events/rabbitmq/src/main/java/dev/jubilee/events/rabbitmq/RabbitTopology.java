package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.TopicPattern;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/**
 * Exchanges, queues and bindings. What is there already is used as it is; what is made is durable,
 * and queues are quorum queues. Thread-safe.
 */
final class RabbitTopology {
    private static final Map<String, Object> QUORUM = Map.of("x-queue-type", "quorum");

    private final Connection connection;
    private final String exchange;

    RabbitTopology(Connection connection, String exchange) {
        this.connection = connection;
        this.exchange = exchange;
    }

    /** The exchange that carries the events. */
    void exchange() throws IOException {
        makeMissing(
                channel -> channel.exchangeDeclarePassive(exchange),
                channel -> channel.exchangeDeclare(exchange, BuiltinExchangeType.TOPIC, true));
    }

    /**
     * The queue of a durable subscription, bound to what the pattern selects. One consumer at a
     * time gets its events, so that those of a key stay in order; the others take over when it is
     * gone.
     */
    void durableQueue(String queue, TopicPattern pattern) throws IOException {
        Map<String, Object> arguments =
                Map.of("x-queue-type", "quorum", "x-single-active-consumer", true);
        makeMissing(
                channel -> channel.queueDeclarePassive(queue),
                channel -> channel.queueDeclare(queue, true, false, false, arguments));
        with(channel -> channel.queueBind(queue, exchange, bindingKey(pattern)));
    }

    /** The exchange and the queue where letters of this address lie. */
    void deadLetters(DeadLetterRoute route) throws IOException {
        makeMissing(
                channel -> channel.exchangeDeclarePassive(route.exchange()),
                channel ->
                        channel.exchangeDeclare(route.exchange(), BuiltinExchangeType.TOPIC, true));
        makeMissing(
                channel -> channel.queueDeclarePassive(route.joined()),
                channel -> channel.queueDeclare(route.joined(), true, false, false, QUORUM));
        with(channel -> channel.queueBind(route.joined(), route.exchange(), route.routingKey()));
    }

    /** Whether there is a queue of this name. */
    boolean hasQueue(String queue) {
        return exists(channel -> channel.queueDeclarePassive(queue));
    }

    /**
     * RabbitMQ's {@code *} is one word wherever it stands; ours is one or more as the last segment.
     */
    static String bindingKey(TopicPattern pattern) {
        String text = pattern.toString();
        return text.equals("*") || text.endsWith(".*") ? text + ".#" : text;
    }

    @FunctionalInterface
    private interface Act {
        void on(Channel channel) throws IOException;
    }

    private void makeMissing(Act looking, Act making) throws IOException {
        if (!exists(looking)) {
            with(making);
        }
    }

    /** A question that is answered by no closes its channel, so each has one of its own. */
    private boolean exists(Act looking) {
        try {
            with(looking);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void with(Act act) throws IOException {
        Channel channel = connection.createChannel();
        try {
            act.on(channel);
        } finally {
            if (channel.isOpen()) {
                try {
                    channel.close();
                } catch (TimeoutException e) {
                    channel.abort();
                }
            }
        }
    }
}
