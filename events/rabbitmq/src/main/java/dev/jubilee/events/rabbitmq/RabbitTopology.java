package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.TopicPattern;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeoutException;

/**
 * Exchanges, queues and bindings. What is there already is used as it is; what is made is durable,
 * and queues are quorum queues. Whatever the server refuses is an {@link IOException}. Thread-safe.
 */
final class RabbitTopology {
    private static final int FORGOTTEN_MILLIS = 60_000;
    private static final int FIRST_WITH_LIMIT = 4;
    private static final Map<String, Object> QUORUM = Map.of("x-queue-type", "quorum");
    private static final Map<String, Object> ONE_CONSUMER =
            Map.of("x-queue-type", "quorum", "x-single-active-consumer", true);
    private static final Map<String, Object> PASSING =
            Map.of("x-queue-type", "quorum", "x-expires", FORGOTTEN_MILLIS);

    private final RabbitConnection connection;
    private final String exchange;

    RabbitTopology(RabbitConnection connection, String exchange) {
        this.connection = connection;
        this.exchange = exchange;
    }

    /** The exchange that carries the events. */
    void exchange() throws IOException {
        exchange(exchange);
    }

    /**
     * The queue of a durable subscription, bound to what the pattern selects. One consumer at a
     * time gets its events, so that those of a key stay in order; the others take over when it is
     * gone.
     */
    void durableQueue(String queue, TopicPattern pattern) throws IOException {
        queue(queue, ONE_CONSUMER);
        with(channel -> channel.queueBind(queue, exchange, bindingKey(pattern)));
    }

    /**
     * The exchange and the queue where letters of this address lie. At the exchange that carries
     * the events nothing is bound: its letters go to their queue alone.
     */
    void deadLetters(DeadLetterRoute route) throws IOException {
        if (carriesEvents(route)) {
            queue(route.joined(), QUORUM);
            return;
        }
        exchange(route.exchange());
        queue(route.joined(), QUORUM);
        with(channel -> channel.queueBind(route.joined(), route.exchange(), route.routingKey()));
    }

    /** Whether letters of this address would reach subscriptions if they went its way. */
    boolean carriesEvents(DeadLetterRoute route) {
        return route.exchange().equals(exchange);
    }

    /** Whether there is a queue of this name. */
    boolean hasQueue(String queue) throws IOException {
        return exists(channel -> channel.queueDeclarePassive(queue));
    }

    /**
     * RabbitMQ's {@code *} is one word wherever it stands; ours is one or more as the last segment.
     */
    static String bindingKey(TopicPattern pattern) {
        String text = pattern.toString();
        return text.equals("*") || text.endsWith(".*") ? text + ".#" : text;
    }

    /**
     * Servers from 4.0 on drop what came back 20 times, unless they are told not to; those before
     * know no such word.
     */
    static Map<String, Object> withoutLimit(Map<String, Object> arguments, String serverVersion) {
        int dot = serverVersion.indexOf('.');
        if (dot < 1 || Integer.parseInt(serverVersion, 0, dot, 10) < FIRST_WITH_LIMIT) {
            return arguments;
        }
        Map<String, Object> all = new HashMap<>(arguments);
        all.put("x-delivery-limit", -1);
        return all;
    }

    private void exchange(String name) throws IOException {
        if (!exists(channel -> channel.exchangeDeclarePassive(name))) {
            with(channel -> channel.exchangeDeclare(name, BuiltinExchangeType.TOPIC, true));
        }
    }

    private void queue(String name, Map<String, Object> arguments) throws IOException {
        if (!hasQueue(name)) {
            Map<String, Object> all = withoutLimit(arguments, connection.serverVersion());
            with(channel -> channel.queueDeclare(name, true, false, false, all));
            settle();
        }
    }

    /**
     * Has the server write down that it keeps the queue that was made last. It does so three
     * seconds later, or when it makes the next one; killed before, it starts that queue again
     * without what was confirmed and, with no other servers, without ever choosing a leader (ADR
     * 23). So the next one is made at once, and nothing is bound before.
     */
    private void settle() throws IOException {
        String next = exchange + ".~next-" + UUID.randomUUID();
        with(channel -> {
            channel.queueDeclare(next, true, false, false, PASSING);
            channel.queueDelete(next);
        });
    }

    @FunctionalInterface
    private interface Act {
        void on(Channel channel) throws IOException;
    }

    /** A question that is answered by no closes its channel, so each has one of its own. */
    private boolean exists(Act looking) throws IOException {
        try {
            with(looking);
            return true;
        } catch (IOException e) {
            if (Refusal.isMissing(e)) {
                return false;
            }
            if (Refusal.isLocked(e)) {
                return true;
            }
            throw e;
        }
    }

    private void with(Act act) throws IOException {
        Channel channel = connection.channel();
        try {
            act.on(channel);
            channel.close();
        } catch (ShutdownSignalException e) {
            throw new IOException(e);
        } catch (TimeoutException e) {
            throw new IOException("RabbitMQ did not answer", e);
        } finally {
            if (channel.isOpen()) {
                RabbitConnection.abandon(channel);
            }
        }
    }
}
