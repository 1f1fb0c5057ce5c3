package dev.jubilee.events.redis;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.TransportGuarantees;
import dev.jubilee.events.core.ActiveSubscription;
import dev.jubilee.events.core.Dispatcher;
import dev.jubilee.events.core.HandlerSettings;
import dev.jubilee.events.core.Lifecycle;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events over one Redis stream, as CloudEvents in JSON.
 *
 * <ul>
 *   <li>A durable subscription is a consumer group of its name, for which one program at a time
 *       reads, by a lease of ten seconds, so that events of a key stay in order; another takes over
 *       when it is gone, and begins with what that one did not finish.
 *   <li>A subscription that is not durable reads the stream by itself, from now on. One that falls
 *       behind by more than the retention misses what was dropped.
 *   <li>The stream keeps what a durable subscription has not handled, also while no program is
 *       there for it; when it is as long as it may be, publishing fails. A group that nobody needs
 *       any more is ended with {@code XGROUP DESTROY}.
 *   <li>Dead letters lie in the stream {@code exchange.routingKey} until they are redriven.
 * </ul>
 *
 * <p>Published means: the server has it, and keeps it as its own persistence says ({@code
 * appendonly}, {@code appendfsync}); a replica may lack the last events when it takes over. Needs
 * Redis 7, not as a cluster, that drops no keys for want of memory: else it is refused. Without
 * {@code appendonly} there is a warning. Thread-safe.
 */
public final class RedisStreamsEventBus implements EventBus {
    private static final Logger LOG = LoggerFactory.getLogger(RedisStreamsEventBus.class);

    /** Begins the names of subscriptions that are not durable; no durable name can. */
    private static final String ALONE = "~redis-";

    private static final TransportGuarantees GUARANTEES =
            new TransportGuarantees(
                    new TransportGuarantees.Durability.Stored(
                            "what the server's persistence survives (appendonly, appendfsync)"),
                    new TransportGuarantees.Ordering.PerKeyExcept(
                            "events that come again after a crash or a lost connection"),
                    new TransportGuarantees.Redelivery.AtLeastOnce());

    /** To a durable subscription only while its group is there: a later one would not see it. */
    private static final String REDRIVE =
            """
            if ARGV[6] == 'durable' then
                local there = false
                if redis.call('EXISTS', KEYS[2]) == 1 then
                    for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[2])) do
                        for i = 1, #fields, 2 do
                            if fields[i] == 'name' and fields[i + 1] == ARGV[5] then
                                there = true
                            end
                        end
                    end
                end
                if not there then return 0 end
            end
            if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
            redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3], ARGV[4], ARGV[5])
            return 1
            """;

    private final RedisSettings settings;
    private final RedisMessages messages;
    private final RedisLink link;
    private final RedisDeadLetters letters;
    private final StreamTrimming trimming;
    private final Publishing publishing = new Publishing();
    private final Set<StreamReceiver> receivers = ConcurrentHashMap.newKeySet();
    private final Lifecycle life = new Lifecycle();

    /**
     * Connects.
     *
     * @throws io.lettuce.core.RedisException if the server does not answer
     * @throws IllegalArgumentException if it is set up so that it cannot keep the promises above,
     *     saying by which setting
     */
    public RedisStreamsEventBus(RedisSettings settings, EventCodec codec) {
        this.settings = settings;
        this.messages = new RedisMessages(settings.bus().clock(), codec);
        this.link = RedisLink.to(settings.address());
        try {
            ServerFacts.requireForStreams(link, settings, LOG);
        } catch (RuntimeException e) {
            link.close();
            throw e;
        }
        this.letters = new RedisDeadLetters(link, messages, settings.bus().clock(), this::redrive);
        this.trimming = new StreamTrimming(link, settings);
        trimming.start();
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
        if (trimming.isFull()) {
            return CompletableFuture.failedFuture(
                    new PublishException(
                            "the stream %s holds %d events that durable subscriptions have not handled"
                                    .formatted(settings.stream(), settings.maxLength()),
                            null));
        }
        Map<String, String> entry = Map.of(RedisMessages.EVENT, messages.text(event));
        return publishing.send(() -> link.shared().async().xadd(settings.stream(), entry));
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
        String name = options.name().orElseGet(() -> ALONE + UUID.randomUUID());
        boolean durable = options.durableName() != null;
        String position = lastId();
        if (durable) {
            GroupReceiver.create(link.shared().sync(), settings.stream(), name, position);
        }
        HandlerSettings handling =
                new HandlerSettings(
                        name,
                        options,
                        settings.bus().retry(),
                        letters::put,
                        settings.bus().tracker());
        Supplier<Dispatcher> workers = () -> new Dispatcher(handling, handler, life);
        StreamReceiver receiver =
                durable
                        ? new GroupReceiver(
                                name, settings.stream(), compiled, link, messages, workers)
                        : new TailReceiver(
                                name,
                                settings.stream(),
                                position,
                                compiled,
                                link,
                                messages,
                                workers);
        receivers.add(receiver);
        receiver.start();
        if (!life.isOpen()) { // any more, and may have missed it
            end(receiver);
            throw new IllegalStateException("the bus is closed");
        }
        return new ActiveSubscription(name, compiled, life::isOpen, () -> end(receiver));
    }

    private String lastId() {
        List<StreamMessage<String, String>> last =
                link.shared().sync().xrevrange(settings.stream(), Range.unbounded(), Limit.from(1));
        return last.isEmpty() ? "0-0" : last.getFirst().getId();
    }

    private void end(StreamReceiver receiver) {
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
            receivers.forEach(StreamReceiver::signalEnd);
            receivers.forEach(receiver -> receiver.end(true));
            receivers.clear();
            publishing.drain();
            trimming.end();
            link.close();
        });
    }

    /** False if it is for a subscription that is not durable and not here, or has no group. */
    private boolean redrive(RedisDeadLetters.Entry letter) {
        String subscription = letter.letter().subscription();
        boolean alone = subscription.startsWith(ALONE);
        if (alone && receivers.stream().noneMatch(each -> each.is(subscription))) {
            return false;
        }
        Long moved =
                link.shared()
                        .sync()
                        .eval(
                                REDRIVE,
                                ScriptOutputType.INTEGER,
                                new String[] {letter.stream(), settings.stream()},
                                letter.letter().id(),
                                RedisMessages.EVENT,
                                letter.text(),
                                RedisMessages.FOR,
                                subscription,
                                alone ? "alone" : "durable");
        return moved != null && moved == 1;
    }
}
