package dev.jubilee.events.kafka;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.TransportGuarantees;
import dev.jubilee.events.core.ActiveSubscription;
import dev.jubilee.events.core.Dispatcher;
import dev.jubilee.events.core.HandlerSettings;
import dev.jubilee.events.core.Lifecycle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Carries events over Kafka: CloudEvents in binary mode, the ordering key as the record's key.
 *
 * <ul>
 *   <li>A durable subscription is a consumer group of its name. It begins with what is published
 *       after it was first made, and goes on where it was left; its members share the partitions.
 *       Partitions and topics that are added later it reads from their beginning. Kafka forgets the
 *       place of one that was away for longer than {@code offsets.retention.minutes} (7 days): it
 *       then begins anew, which the log says. Events are handled at least once: after a crash, or
 *       when partitions move to another member, those since the last gap-free commit come again.
 *   <li>A subscription that is not durable reads every partition by itself, from now on, and those
 *       that are added from their beginning.
 *   <li>An event that waits for its retry holds back its key, not its partition.
 *   <li>Dead letters are records on the topic {@code exchange.routingKey}, with what failed in
 *       their headers. Those that were redriven are marked so on that topic, as long as it keeps
 *       them.
 * </ul>
 *
 * Published means: the brokers have it as {@code acks=all} says. Thread-safe.
 */
public final class KafkaEventBus implements EventBus {
    /** Marks an event that only the subscription of this name is to handle. */
    static final String REDRIVE_FOR = "redrivefor";

    /** Begins the names of subscriptions that are not durable; no durable name can. */
    private static final String ALONE = "~kafka-";

    private static final TransportGuarantees GUARANTEES =
            new TransportGuarantees(
                    new TransportGuarantees.Durability.Stored(
                            "the loss of as many brokers as the topic's replication allows, for as"
                                    + " long as its retention"),
                    new TransportGuarantees.Ordering.PerKeyExcept(
                            "events that come again after a crash or a rebalance"),
                    new TransportGuarantees.Redelivery.AtLeastOnce());

    private final KafkaBusSettings settings;
    private final EventCodec codec;
    private final Admin admin;
    private final Producer<byte[], byte[]> producer;
    private final KafkaConsumers consumers;
    private final KafkaDeadLetters letters;
    private final Map<String, KafkaReceiver> receivers = new ConcurrentHashMap<>();
    private final Lifecycle life = new Lifecycle();

    /**
     * Connects, and makes the topics that are missing.
     *
     * @throws KafkaException if the brokers do not answer
     */
    public KafkaEventBus(KafkaBusSettings settings, EventCodec codec) {
        this.settings = settings;
        this.codec = codec;
        this.admin = Admin.create(settings.kafka());
        KafkaConsumers made = new KafkaConsumers(settings.kafka(), admin);
        try {
            made.createMissing(settings.topics().names());
            this.producer =
                    new KafkaProducer<>(
                            producerSettings(settings.kafka()),
                            new ByteArraySerializer(),
                            new ByteArraySerializer());
        } catch (RuntimeException e) {
            admin.close();
            throw e;
        }
        this.consumers = made;
        this.letters =
                new KafkaDeadLetters(
                        consumers,
                        settings.topics().names(),
                        producer,
                        codec,
                        settings.bus().clock(),
                        this::redeliver);
    }

    @Override
    public TransportGuarantees guarantees() {
        return GUARANTEES;
    }

    @Override
    public void publish(BaseEvent event) {
        await(publishAsync(event));
    }

    @Override
    public CompletableFuture<Void> publishAsync(BaseEvent event) {
        life.requireTaking();
        Envelope envelope = codec.encode(event);
        String topic = settings.topics().topicOf(envelope.type());
        return send(KafkaEnvelopes.record(topic, envelope), envelope);
    }

    @Override
    public void publishAll(List<? extends BaseEvent> events) {
        List<CompletableFuture<Void>> sent = new ArrayList<>(events.size());
        events.forEach(event -> sent.add(publishAsync(event)));
        sent.forEach(KafkaEventBus::await);
    }

    @Override
    public <E extends BaseEvent> Subscription subscribe(
            String pattern, SubscriptionOptions options, EventHandler<E> handler) {
        TopicPattern compiled = TopicPattern.of(pattern);
        GUARANTEES.requireFor(options);
        RetryStrategy retry = handler.retryStrategy().orElse(settings.bus().retry());
        life.requireOpen();
        retry.route()
                .ifPresent(route ->
                        consumers.createLetters(route.joined(), settings.topics().names()));
        String durableName = options.durableName();
        String name = durableName == null ? ALONE + UUID.randomUUID() : durableName;
        Set<String> topics = settings.topics().names();
        Consumer<byte[], byte[]> consumer =
                durableName == null
                        ? consumers.fromNowOn(topics)
                        : consumers.ofGroup(durableName, topics);
        Dispatcher dispatcher =
                new Dispatcher(
                        new HandlerSettings(
                                name, options, retry, letters::put, settings.bus().tracker()),
                        handler,
                        life);
        KafkaReceiver receiver =
                new KafkaReceiver(
                        name,
                        compiled,
                        codec,
                        dispatcher,
                        new KafkaReceiver.Source(
                                consumer, consumers::anywhere, topics, durableName != null));
        String key = UUID.randomUUID().toString();
        receivers.put(key, receiver);
        receiver.start();
        if (!life.isOpen()) { // any more, and may have missed it
            receiver.end(false);
            throw new IllegalStateException("the bus is closed");
        }
        return new ActiveSubscription(
                name,
                compiled,
                life::isOpen,
                () -> {
                    receivers.remove(key);
                    receiver.end(false);
                });
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
     * Asks the brokers for their word, for a health check.
     *
     * @throws KafkaException if none answers within this time
     */
    public void ping(Duration atMost) {
        try {
            var unused =
                    admin.describeCluster(
                                    new DescribeClusterOptions()
                                            .timeoutMs(Math.toIntExact(atMost.toMillis())))
                            .clusterId()
                            .get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        } catch (ExecutionException e) {
            throw new KafkaException(
                    "no broker answers at " + settings.kafka().get("bootstrap.servers"),
                    e.getCause());
        }
    }

    @Override
    public void close() {
        life.close(() -> {
            receivers.values().forEach(receiver -> receiver.end(true));
            receivers.clear();
            producer.close();
            admin.close();
        });
    }

    private CompletableFuture<Void> send(ProducerRecord<byte[], byte[]> record, Envelope envelope) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            var unused =
                    producer.send(
                            record,
                            (metadata, error) -> {
                                if (error == null) {
                                    done.complete(null);
                                } else {
                                    done.completeExceptionally(failed(envelope, error));
                                }
                            });
        } catch (KafkaException e) {
            done.completeExceptionally(failed(envelope, e));
        }
        return done;
    }

    /** False if it is for a subscription that is not durable, and not here. */
    private boolean redeliver(String subscription, Envelope envelope) {
        if (subscription.startsWith(ALONE)
                && receivers.values().stream().noneMatch(each -> each.is(subscription))) {
            return false;
        }
        Map<String, String> extensions = new HashMap<>(envelope.extensions());
        extensions.put(REDRIVE_FOR, subscription);
        Envelope marked = envelope.toBuilder().extensions(extensions).build();
        String topic = settings.topics().topicOf(envelope.type());
        await(send(KafkaEnvelopes.writtenAnew(topic, marked), marked));
        return true;
    }

    private static PublishException failed(Envelope envelope, Exception cause) {
        return new PublishException(
                "Kafka did not take %s %s: %s"
                        .formatted(envelope.type(), envelope.id(), cause.getMessage()),
                cause);
    }

    private static void await(CompletableFuture<Void> done) {
        try {
            done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof PublishException failure ? failure : e;
        }
    }

    private static Map<String, Object> producerSettings(Map<String, Object> kafka) {
        Map<String, Object> all = new HashMap<>();
        all.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        all.put(ProducerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 1 << 20);
        all.putAll(kafka);
        all.computeIfPresent(
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG, (name, size) -> roomForLetters(size));
        all.put(ProducerConfig.ACKS_CONFIG, "all");
        all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        return all;
    }

    /**
     * An event of the greatest length must fit into a dead letter; its topic refuses a longer one.
     */
    private static Object roomForLetters(Object size) {
        try {
            long given = Long.parseLong(size.toString().strip());
            return Math.toIntExact(Math.min(Integer.MAX_VALUE, given + KafkaConsumers.LETTER_ROOM));
        } catch (NumberFormatException e) {
            return size; // which Kafka refuses by its name
        }
    }
}
