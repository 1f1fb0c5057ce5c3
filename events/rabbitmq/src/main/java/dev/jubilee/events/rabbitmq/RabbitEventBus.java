package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.impl.recovery.RecordedBinding;
import com.rabbitmq.client.impl.recovery.RecordedExchange;
import com.rabbitmq.client.impl.recovery.RecordedQueue;
import com.rabbitmq.client.impl.recovery.TopologyRecoveryFilter;
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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events over RabbitMQ: a topic exchange with the event's type as the routing key,
 * CloudEvents in JSON as the body.
 *
 * <ul>
 *   <li>A durable subscription is a durable quorum queue {@code <exchange>.<name>}. One program at
 *       a time gets its events, so that those of a key stay in order; others of the same name take
 *       over when it is gone. Use more workers, not more programs, to go faster.
 *   <li>A subscription that is not durable has a queue of its own that goes with it, or with the
 *       connection.
 *   <li>The server sends no more than a subscription's capacity ahead; an event is confirmed to the
 *       server when it is done with.
 *   <li>Dead letters go to the exchange and routing key of their address, and lie in a quorum queue
 *       {@code exchange.routingKey} bound to it.
 *   <li>A lost connection is made again; publishing meanwhile fails.
 * </ul>
 *
 * Published means: the server confirmed it. Thread-safe.
 */
public final class RabbitEventBus implements EventBus {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitEventBus.class);

    /** Begins the names of subscriptions that are not durable; no durable name can. */
    private static final String ALONE = "~rabbitmq-";

    private static final int RECOVERY_MILLIS = 500;
    private static final int CLOSE_MILLIS = 5000;
    private static final int MOST_PREFETCHED = 65_535;

    private static final TransportGuarantees GUARANTEES =
            new TransportGuarantees(
                    new TransportGuarantees.Durability.Stored(
                            "the loss of a minority of the servers that hold the quorum queue; an"
                                    + " event that no queue is bound to is not kept"),
                    new TransportGuarantees.Ordering.PerKeyExcept(
                            "events that come again after a crash or a lost connection"),
                    new TransportGuarantees.Redelivery.AtLeastOnce());

    private final RabbitSettings settings;
    private final RabbitMessages messages;
    private final Connection connection;
    private final ConfirmingPublisher publisher;
    private final RabbitTopology topology;
    private final RabbitDeadLetters letters;
    private final Set<RabbitReceiver> receivers = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Connects, and makes the exchange if it is missing.
     *
     * @throws UncheckedIOException if the server does not answer
     */
    public RabbitEventBus(RabbitSettings settings, EventCodec codec) {
        this.settings = settings;
        this.messages = new RabbitMessages(settings.bus().clock(), codec);
        this.connection = connect(settings);
        this.topology = new RabbitTopology(connection, settings.exchange());
        try {
            topology.exchange();
            this.publisher = new ConfirmingPublisher(connection, settings.unconfirmed());
        } catch (IOException e) {
            connection.abort();
            throw new UncheckedIOException(e);
        }
        this.letters =
                new RabbitDeadLetters(
                        connection, publisher, topology, messages, settings.bus().clock());
    }

    private static Connection connect(RabbitSettings settings) {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(settings.host());
        factory.setPort(settings.port());
        factory.setUsername(settings.username());
        factory.setPassword(settings.password());
        factory.setVirtualHost(settings.virtualHost());
        factory.setAutomaticRecoveryEnabled(true);
        factory.setTopologyRecoveryEnabled(true);
        factory.setTopologyRecoveryFilter(new GoneWithTheConnection());
        factory.setNetworkRecoveryInterval(RECOVERY_MILLIS);
        try {
            return factory.newConnection("jubilee-events");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (TimeoutException e) {
            throw new UncheckedIOException(new IOException("no answer from " + settings, e));
        }
    }

    /** What has to be made again with the connection: queues that went with it, and consumers. */
    private static final class GoneWithTheConnection implements TopologyRecoveryFilter {
        @Override
        public boolean filterExchange(RecordedExchange exchange) {
            return false;
        }

        @Override
        public boolean filterQueue(RecordedQueue queue) {
            return queue.isExclusive();
        }

        @Override
        public boolean filterBinding(RecordedBinding binding) {
            return binding.getDestination().contains(ALONE);
        }
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
        if (closed) {
            throw new IllegalStateException("the bus is closed");
        }
        Envelope envelope = messages.envelope(event);
        return publisher.publish(
                settings.exchange(),
                envelope.type(),
                messages.properties(envelope),
                messages.body(envelope));
    }

    @Override
    public void publishAll(List<? extends BaseEvent> events) {
        List<CompletableFuture<Void>> sent = new ArrayList<>(events.size());
        events.forEach(event -> sent.add(publishAsync(event)));
        sent.forEach(RabbitEventBus::await);
    }

    @Override
    public <E extends BaseEvent> Subscription subscribe(
            String pattern, SubscriptionOptions options, EventHandler<E> handler) {
        TopicPattern compiled = TopicPattern.of(pattern);
        GUARANTEES.requireFor(options);
        if (options.capacity() > MOST_PREFETCHED) {
            throw new IllegalArgumentException(
                    "RabbitMQ sends at most %d events ahead; the capacity was %d"
                            .formatted(MOST_PREFETCHED, options.capacity()));
        }
        if (closed) {
            throw new IllegalStateException("the bus is closed");
        }
        RetryStrategy retry = handler.retryStrategy().orElse(settings.bus().retry());
        String name = options.name().orElseGet(() -> ALONE + UUID.randomUUID());
        // The server holds back what the capacity does not allow, so no worker's queue need do so.
        SubscriptionOptions roomy = options.withCapacity(options.capacity() * options.workers());
        Dispatcher dispatcher =
                new Dispatcher(
                        new HandlerSettings(
                                name, roomy, retry, letters::put, settings.bus().tracker()),
                        handler);
        try {
            if (retry.deadLetter() != null) {
                topology.deadLetters(retry.deadLetter());
            }
            RabbitReceiver receiver = consume(compiled, options, name, dispatcher);
            return new ActiveSubscription(name, compiled, () -> end(receiver));
        } catch (IOException e) {
            dispatcher.stop();
            throw new UncheckedIOException(e);
        }
    }

    private RabbitReceiver consume(
            TopicPattern pattern, SubscriptionOptions options, String name, Dispatcher dispatcher)
            throws IOException {
        boolean durable = options.durableName() != null;
        String queue = settings.exchange() + "." + name;
        Channel channel = connection.createChannel();
        channel.basicQos(options.capacity());
        if (durable) {
            topology.durableQueue(queue, pattern);
        } else {
            channel.queueDeclare(queue, false, true, true, Map.of());
            channel.queueBind(queue, settings.exchange(), RabbitTopology.bindingKey(pattern));
        }
        RabbitReceiver receiver =
                new RabbitReceiver(channel, pattern, messages, dispatcher, queue, durable);
        receivers.add(receiver);
        channel.basicConsume(queue, false, receiver);
        return receiver;
    }

    private void end(RabbitReceiver receiver) {
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

    @Override
    public void close() {
        closed = true;
        receivers.forEach(receiver -> receiver.end(true));
        receivers.clear();
        try {
            connection.close(CLOSE_MILLIS);
        } catch (IOException | RuntimeException e) {
            LOG.debug("the connection is gone already: {}", e.toString());
        }
    }

    private static void await(CompletableFuture<Void> done) {
        try {
            done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof PublishException failure ? failure : e;
        }
    }
}
