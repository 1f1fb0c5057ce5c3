package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.TopicPattern;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exchanges, queues and bindings. What is made is durable, and queues are quorum queues; a queue
 * that is there already is used as it is, which is said once. Whatever the server refuses is an
 * {@link IOException}. Thread-safe.
 */
final class RabbitTopology {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitTopology.class);
    private static final int FORGOTTEN_MILLIS = 60_000;
    private static final int FIRST_WITH_LIMIT = 4;
    private static final Map<String, Object> QUORUM = Map.of("x-queue-type", "quorum");
    private static final Map<String, Object> ONE_CONSUMER =
            Map.of("x-queue-type", "quorum", "x-single-active-consumer", true);
    private static final Map<String, Object> PASSING =
            Map.of("x-queue-type", "quorum", "x-expires", FORGOTTEN_MILLIS);

    private final RabbitConnection connection;
    private final String exchange;
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    RabbitTopology(RabbitConnection connection, String exchange) {
        this.connection = connection;
        this.exchange = exchange;
    }

    /**
     * The exchange that carries the events.
     *
     * @throws IOException also if it is there and no durable topic exchange
     */
    void exchange() throws IOException {
        exchange(exchange);
        try {
            with(channel -> channel.exchangeDeclare(exchange, BuiltinExchangeType.TOPIC, true));
        } catch (IOException e) {
            if (Refusal.isOtherwise(e)) {
                throw new IOException(
                        "the exchange %s is there and is no durable topic exchange, which the bus needs"
                                .formatted(exchange),
                        e);
            }
            if (!Refusal.isForbidden(e)) {
                throw e;
            } // who may not make it may use it all the same
        }
    }

    /**
     * The queue of a durable subscription, bound to what the pattern selects. One consumer at a
     * time gets its events, so that those of a key stay in order; the others take over when it is
     * gone. What the server drops from it by itself goes to the dead letters, if there are any.
     */
    void durableQueue(String queue, TopicPattern pattern, @Nullable DeadLetterRoute letters)
            throws IOException {
        Map<String, Object> arguments = new HashMap<>(ONE_CONSUMER);
        if (letters != null) {
            boolean direct = carriesEvents(letters);
            arguments.put("x-dead-letter-exchange", direct ? "" : letters.exchange());
            arguments.put(
                    "x-dead-letter-routing-key", direct ? letters.joined() : letters.routingKey());
            arguments.put("x-dead-letter-strategy", "at-least-once");
            arguments.put("x-overflow", "reject-publish"); // that strategy asks for it
        }
        if (!queue(queue, arguments)) {
            compare(queue, arguments);
        }
        with(channel -> channel.queueBind(queue, exchange, bindingKey(pattern)));
    }

    /** Says once if the queue was made otherwise than it would be made now. */
    private void compare(String queue, Map<String, Object> arguments) throws IOException {
        try {
            with(channel -> channel.queueDeclare(queue, true, false, false, all(arguments)));
        } catch (IOException e) {
            if (Refusal.isOtherwise(e)) {
                if (told.add(queue)) {
                    LOG.warn(
                            "the queue {} was made otherwise than it would be made now, and is used as it"
                                    + " is; by a policy or made anew it would have {}",
                            queue,
                            new TreeMap<>(arguments));
                }
            } else if (!Refusal.isForbidden(e) && !Refusal.isLocked(e)) {
                throw e;
            }
        }
    }

    /** Of which subscription this queue is. */
    String subscriptionOf(String queue) {
        String prefix = exchange + ".";
        return queue.startsWith(prefix) ? queue.substring(prefix.length()) : queue;
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

    /** Sees to it that the queue is there; whether it was not. */
    private boolean queue(String name, Map<String, Object> arguments) throws IOException {
        if (hasQueue(name)) {
            return false;
        }
        Map<String, Object> all = all(arguments);
        with(channel -> channel.queueDeclare(name, true, false, false, all));
        settle();
        return true;
    }

    private Map<String, Object> all(Map<String, Object> arguments) throws IOException {
        return withoutLimit(arguments, connection.serverVersion());
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
