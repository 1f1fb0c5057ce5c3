package dev.jubilee.events.rabbitmq;

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
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

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
 *       server when it is done with. Events that wait behind one that is tried again count, so
 *       while they are more than half of that, it sends twice as many, up to 65,535, or until they
 *       are 64 MiB long; each time what is in hand comes again, and attempts begin anew. One key of
 *       which more wait than that holds up its subscription.
 *   <li>Dead letters go to the exchange and routing key of their address, and lie in a quorum queue
 *       {@code exchange.routingKey} bound to it. Those of the events' own exchange go straight to
 *       that queue, so that no subscription gets them.
 *   <li>What the server drops by itself from the queue of a durable subscription (rejected,
 *       expired, over a limit of a policy) goes to its dead letters as well. A queue that exists
 *       already is used as it is, and named in the log if it was made otherwise.
 *   <li>When an event is not done with within its {@code consumer_timeout}, the server takes back
 *       all that the subscription holds: to a durable one they come again, and attempts begin anew.
 *       A handler whose retries may wait as long would never be through with an event, and is
 *       refused.
 *   <li>A lost connection is made again, and a server that refuses while it starts is asked again,
 *       for as long as it takes. What was not confirmed is sent again, in order; publishing waits
 *       meanwhile, and fails after the settings' patience.
 *   <li>It has two connections, so that a server that takes no more events still takes the word
 *       that others were handled.
 * </ul>
 *
 * Published means: the server confirmed it. Thread-safe.
 */
public final class RabbitEventBus implements EventBus {
    /** Begins the names of subscriptions that are not durable; no durable name can. */
    private static final String ALONE = "~rabbitmq-";

    private static final Duration CLOSING = Duration.ofSeconds(5);

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
    private final RabbitConnection publishing;
    private final RabbitConnection consuming;
    private final ConfirmingPublisher publisher;
    private final RabbitTopology topology;
    private final RabbitDeadLetters letters;
    private final Set<RabbitReceiver> receivers = ConcurrentHashMap.newKeySet();
    private final AtomicReference<CompletableFuture<Boolean>> asked =
            new AtomicReference<>(CompletableFuture.completedFuture(true));
    private final Lifecycle life = new Lifecycle();

    /**
     * Connects, and makes the exchange if it is missing.
     *
     * @throws UncheckedIOException if the server does not answer, or has an exchange of this name
     *     that is no durable topic exchange
     */
    public RabbitEventBus(RabbitSettings settings, EventCodec codec) {
        this.settings = settings;
        this.messages = new RabbitMessages(settings.bus().clock(), codec);
        this.publishing = new RabbitConnection(settings, "jubilee-events-publishing");
        this.consuming = new RabbitConnection(settings, "jubilee-events-consuming");
        try {
            this.publisher =
                    new ConfirmingPublisher(
                            publishing,
                            new RabbitTopology(publishing, settings.exchange()),
                            settings.unconfirmed(),
                            settings.patience());
        } catch (IOException e) {
            publishing.close();
            throw new UncheckedIOException("cannot use " + settings, e);
        }
        this.topology = new RabbitTopology(consuming, settings.exchange());
        this.letters =
                new RabbitDeadLetters(
                        consuming, publisher, topology, messages, settings.bus().clock());
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
        if (options.capacity() > RabbitFeed.MOST_AHEAD) {
            throw new IllegalArgumentException(
                    "RabbitMQ sends at most %d events ahead; the capacity was %d"
                            .formatted(RabbitFeed.MOST_AHEAD, options.capacity()));
        }
        RetryStrategy retry = handler.retryStrategy().orElse(settings.bus().retry());
        life.requireOpen();
        String name = options.name().orElseGet(() -> ALONE + UUID.randomUUID());
        String queue = settings.exchange() + "." + name;
        requireHonourable(retry, queue);
        HandlerSettings handling =
                new HandlerSettings(name, options, retry, letters::put, settings.bus().tracker());
        RabbitReceiver receiver =
                new RabbitReceiver(
                        new RabbitReceiver.Source(
                                settings.exchange(),
                                queue,
                                options.durableName() != null,
                                compiled,
                                options.capacity(),
                                retry.deadLetter()),
                        consuming,
                        topology,
                        messages,
                        () -> new Dispatcher(handling, handler, life));
        receiver.start(settings.patience());
        receivers.add(receiver);
        if (!life.isOpen()) { // any more, and may have missed it
            end(receiver);
            throw new IllegalStateException("the bus is closed");
        }
        return new ActiveSubscription(name, compiled, life::isOpen, () -> end(receiver));
    }

    private void requireHonourable(RetryStrategy retry, String queue) {
        if (retry.deadLetter() != null && retry.deadLetter().joined().equals(queue)) {
            throw new IllegalArgumentException(
                    "the queue %s of a subscription is that of its dead letters".formatted(queue));
        }
        if (retry.longestWait().compareTo(settings.acknowledgementTimeout()) >= 0) {
            throw new IllegalArgumentException(
                    "the retries may wait %s, and RabbitMQ takes an event back after %s: retry for less long, or raise the server's consumer_timeout and say so in the settings (acknowledgementTimeout)"
                            .formatted(retry.longestWait(), settings.acknowledgementTimeout()));
        }
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

    /**
     * Asks the server for its word, for a health check.
     *
     * @throws UncheckedIOException if it does not answer within this time
     */
    public void ping(Duration atMost) {
        // One question at a time: to a server that does not answer they would pile up.
        CompletableFuture<Boolean> answer =
                asked.updateAndGet(known -> known.isDone() ? ask() : known);
        try {
            var unused = answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException());
        } catch (ExecutionException | TimeoutException e) {
            throw new UncheckedIOException(new IOException("no answer from " + settings, e));
        }
    }

    private CompletableFuture<Boolean> ask() {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        RabbitConnection.abandon(consuming.channel());
                        answer.complete(true);
                    } catch (IOException | RuntimeException e) {
                        answer.completeExceptionally(e);
                    }
                });
        return answer;
    }

    @Override
    public void close() {
        life.close(() -> {
            receivers.forEach(receiver -> receiver.end(true));
            receivers.clear();
            publisher.close(CLOSING);
            consuming.close();
            publishing.close();
        });
    }

    private static void await(CompletableFuture<Void> done) {
        try {
            done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof PublishException failure ? failure : e;
        }
    }
}
