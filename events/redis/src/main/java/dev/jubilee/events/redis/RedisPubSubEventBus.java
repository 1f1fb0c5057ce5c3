package dev.jubilee.events.redis;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.TransportGuarantees;
import dev.jubilee.events.core.ActiveSubscription;
import dev.jubilee.events.core.Dispatcher;
import dev.jubilee.events.core.HandlerSettings;
import dev.jubilee.events.core.Lifecycle;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events over Redis Pub/Sub, to those who are subscribed at the moment: whoever is not
 * connected, or is too slow for longer than the server's {@code client-output-buffer-limit} allows,
 * misses them. Nothing is redelivered: events that wait for a retry when the program ends are gone,
 * and a durable subscription is refused. For anything that must arrive take {@link
 * RedisStreamsEventBus}.
 *
 * <p>The channel of an event is {@code <stream>:<type>}. Each subscription has a connection of its
 * own, from which it reads no more while its workers are full. Dead letters lie in the stream
 * {@code exchange.routingKey} until they are redriven.
 *
 * <p>Published means: the server has passed it on. When the connection is lost over it, it is not
 * sent again, and publishing fails. Thread-safe.
 */
public final class RedisPubSubEventBus implements EventBus {
    private static final Logger LOG = LoggerFactory.getLogger(RedisPubSubEventBus.class);

    private static final String ALONE = "~redis-";

    private static final TransportGuarantees GUARANTEES =
            new TransportGuarantees(
                    new TransportGuarantees.Durability.WhileConnected(),
                    new TransportGuarantees.Ordering.PerKey(),
                    new TransportGuarantees.Redelivery.AtMostOnce());

    private static final String REDRIVE =
            """
            if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
            if redis.call('PUBLISH', ARGV[2], ARGV[3]) == 0 then return 0 end
            return redis.call('XDEL', KEYS[1], ARGV[1])
            """;

    private final RedisSettings settings;
    private final RedisMessages messages;
    private final RedisLink link;
    private final RedisDeadLetters letters;
    private final Publishing publishing = new Publishing();
    private final Set<ChannelReceiver> receivers = ConcurrentHashMap.newKeySet();
    private StatefulRedisConnection<String, String> publisher;
    private final Lifecycle life = new Lifecycle();

    /**
     * Connects.
     *
     * @throws io.lettuce.core.RedisException if the server does not answer
     * @throws IllegalArgumentException if it is set up so that it cannot keep the promises above,
     *     saying by which setting
     */
    public RedisPubSubEventBus(RedisSettings settings, EventCodec codec) {
        this.settings = settings;
        this.messages = new RedisMessages(settings.bus().clock(), codec);
        this.link = RedisLink.to(settings.address());
        try {
            ServerFacts.requireForChannels(link, settings, LOG);
        } catch (RuntimeException e) {
            link.close();
            throw e;
        }
        this.publisher = link.once();
        this.letters = new RedisDeadLetters(link, messages, settings.bus().clock(), this::redrive);
    }

    @Override
    public TransportGuarantees guarantees() {
        return GUARANTEES;
    }

    @Override
    public void publish(BaseEvent event) {
        Publishing.await(publishAsync(event));
    }

    @Override
    public CompletableFuture<Void> publishAsync(BaseEvent event) {
        life.requireTaking();
        String text = messages.text(event);
        String channel = channel(event.type());
        return publishing.send(() -> publisher().async().publish(channel, text));
    }

    /** A lost connection fails what was on its way; the next event makes another. */
    private synchronized StatefulRedisConnection<String, String> publisher() {
        if (!publisher.isOpen()) {
            publisher = link.once();
        }
        return publisher;
    }

    @Override
    public void publishAll(List<? extends BaseEvent> events) {
        Publishing.awaitAll(events, this::publishAsync);
    }

    @Override
    public <E extends BaseEvent> Subscription subscribe(
            String pattern, SubscriptionOptions options, EventHandler<E> handler) {
        TopicPattern compiled = TopicPattern.of(pattern);
        GUARANTEES.requireFor(options);
        life.requireOpen();
        String name = ALONE + UUID.randomUUID();
        HandlerSettings handling =
                new HandlerSettings(
                        name,
                        options,
                        settings.bus().retry(),
                        letters::put,
                        settings.bus().tracker());
        ChannelReceiver receiver =
                new ChannelReceiver(
                        settings.address(),
                        compiled,
                        messages,
                        new Dispatcher(handling, handler, life));
        receiver.listen(channel(globOf(compiled)), privateChannel(name));
        receivers.add(receiver);
        if (!life.isOpen()) { // any more, and may have missed it
            end(receiver);
            throw new IllegalStateException("the bus is closed");
        }
        return new ActiveSubscription(name, compiled, life::isOpen, () -> end(receiver));
    }

    private String channel(String rest) {
        return settings.stream() + ":" + rest;
    }

    /** Of one subscription alone: outside of what any pattern's glob selects. */
    private String privateChannel(String subscription) {
        return settings.stream() + subscription;
    }

    /** What begins like the pattern up to its first wildcard: more than it selects, never less. */
    static String globOf(TopicPattern pattern) {
        if (pattern.isLiteral()) {
            return pattern.toString();
        }
        StringBuilder literal = new StringBuilder();
        for (String segment : pattern.toString().split("\\.", -1)) {
            if (segment.equals("*") || segment.equals("#")) {
                break;
            }
            literal.append(literal.isEmpty() ? "" : ".").append(segment);
        }
        return literal.append('*').toString();
    }

    private void end(ChannelReceiver receiver) {
        receivers.remove(receiver);
        receiver.end(false);
    }

    @Override
    public void unsubscribe(Subscription subscription) {
        subscription.close();
    }

    @Override
    public DeadLetters deadLetters() {
        return letters;
    }

    /**
     * Asks the server for its word, for a health check.
     *
     * @throws io.lettuce.core.RedisException if it does not answer within this time
     */
    public void ping(Duration atMost) {
        link.ping(atMost);
    }

    @Override
    public void close() {
        life.close(() -> {
            receivers.forEach(receiver -> receiver.end(true));
            receivers.clear();
            publishing.drain();
            link.close();
        });
    }

    /** To the channel of that subscription alone; false if nobody listens to it. */
    private boolean redrive(RedisDeadLetters.Entry letter) {
        Long moved =
                link.shared()
                        .sync()
                        .eval(
                                REDRIVE,
                                ScriptOutputType.INTEGER,
                                new String[] {letter.stream()},
                                letter.letter().id(),
                                privateChannel(letter.letter().subscription()),
                                letter.text());
        return moved != null && moved == 1;
    }
}
