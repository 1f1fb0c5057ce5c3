package dev.jubilee.server.bus.delivery.sending;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.events.EventId;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes to exchanges of a RabbitMQ server, persistent, with the event's topic as the routing
 * key. It has arrived once the server has confirmed it; what no queue takes has not. While the
 * server takes nothing, being short of memory or disk, nothing is sent to it. One channel, used by
 * one thread, and made anew when it is lost. Thread-safe.
 */
public final class RabbitSender implements Sender {
    private static final Logger log = LoggerFactory.getLogger(RabbitSender.class);
    private static final String LOST = "RabbitMQ closed the channel";
    private static final String BLOCKED = "RabbitMQ takes nothing: it is short of memory or disk";
    private static final int PERSISTENT = 2;
    private static final int MAX_BYTES = 255;

    /** Messages that wait for the thread. */
    static final int MOST_WAITING = 10_000;

    private static final int CONNECT_MILLIS = 3_000;
    private static final long CONNECT_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ConnectionFactory factory = new ConnectionFactory();
    private final Duration timeout;
    private final ThreadPoolExecutor worker =
            new ThreadPoolExecutor(
                    1,
                    1,
                    0,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(MOST_WAITING),
                    Thread.ofPlatform().name("delivery-rabbitmq").daemon().factory());
    private final BrokerFaults faults = new BrokerFaults("RabbitMQ");
    private final Set<String> exchanges = new HashSet<>();
    private @Nullable Open open;

    /** Of which the server takes nothing at the moment. */
    private final AtomicReference<@Nullable Connection> blocked = new AtomicReference<>();

    private long connectAgainAt = System.nanoTime();

    /**
     * A message that waits for the thread. It is dropped when nobody awaits its outcome any more.
     */
    private final class Waiting implements Runnable {
        private final Subscription to;
        private final RabbitConfirms.Sent sent;
        private final AtomicReference<@Nullable Shipment> shipment;

        Waiting(Subscription to, Shipment shipment, RabbitConfirms.Sent sent) {
            this.to = to;
            this.sent = sent;
            this.shipment = new AtomicReference<>(shipment);
            var _ = sent.outcome().whenComplete((outcome, failure) -> this.shipment.set(null));
        }

        @Override
        public void run() {
            Shipment it = shipment.get();
            // Given up while it waited, it is tried again, and need not come twice.
            if (it != null) {
                publish(to, it, sent);
            }
        }
    }

    /** A channel, and what is under way on it. */
    private record Open(Connection connection, Channel channel, RabbitConfirms confirms) {}

    public RabbitSender(BrokerSettings.Rabbit server, Duration timeout) {
        this.timeout = timeout;
        factory.setHost(server.host());
        factory.setPort(server.port());
        factory.setUsername(server.username());
        factory.setPassword(server.password());
        factory.setVirtualHost(server.virtualHost());
        factory.setAutomaticRecoveryEnabled(false);
        factory.setConnectionTimeout(CONNECT_MILLIS);
        factory.setRequestedHeartbeat(10);
        if (server.tls() != null) {
            factory.useSslProtocol(server.tls().context());
            factory.enableHostnameVerification();
        }
    }

    @Override
    public CompletableFuture<Outcome> send(Subscription to, Shipment shipment) {
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        RabbitConfirms.Sent sent =
                new RabbitConfirms.Sent(
                        to.id().toString(),
                        fitting(shipment.id()),
                        System.nanoTime(),
                        new SendState(),
                        outcome);
        if (blocked.get() != null) {
            // The thread may be in the middle of a message that the server does not read.
            sent.notSent(BLOCKED);
            return outcome;
        }
        try {
            worker.execute(new Waiting(to, shipment, sent));
        } catch (RejectedExecutionException e) {
            sent.notSent(worker.isShutdown() ? "the instance ends" : "too much waits for RabbitMQ");
        }
        expire(sent);
        return outcome;
    }

    private void expire(RabbitConfirms.Sent sent) {
        CompletableFuture<Void> timer = new CompletableFuture<>();
        var _ = timer.thenRun(() -> sent.expired(timeout));
        var _ = sent.outcome().whenComplete((outcome, failure) -> timer.cancel(false));
        var _ = timer.completeOnTimeout(null, timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** A client may have made the id of anything; AMQP's short texts take so many bytes. */
    private static String fitting(String id) {
        return id.getBytes(UTF_8).length <= MAX_BYTES
                ? id
                : EventId.derived("rabbitmq", id).toString();
    }

    /** Types that the bus lets in fit; others write what they like straight to Kafka. */
    private static String clip(String type) {
        int end = type.length();
        while (type.substring(0, end).getBytes(UTF_8).length > MAX_BYTES) {
            end = type.offsetByCodePoints(end, -1);
        }
        return type.substring(0, end);
    }

    /** Messages that wait for the thread. */
    int waiting() {
        return worker.getQueue().size();
    }

    private void publish(Subscription to, Shipment shipment, RabbitConfirms.Sent sent) {
        if (blocked.get() != null) {
            sent.notSent(BLOCKED);
            return;
        }
        Open now;
        try {
            now = open();
        } catch (IOException | TimeoutException | RuntimeException e) {
            sent.notSent("RabbitMQ cannot be reached");
            return;
        }
        publish(now, to, shipment, sent);
    }

    private void publish(Open now, Subscription to, Shipment shipment, RabbitConfirms.Sent sent) {
        String exchange = String.valueOf(to.endpoint());
        if (!exists(now, exchange, sent)) {
            return;
        }
        try {
            Delivery first = shipment.deliveries().getFirst();
            AMQP.BasicProperties properties =
                    new AMQP.BasicProperties.Builder()
                            .messageId(sent.id())
                            .type(clip(first.eventType()))
                            .contentType(shipment.mediaType())
                            .deliveryMode(PERSISTENT)
                            .headers(Map.of(RabbitConfirms.SUBSCRIPTION, sent.subscription()))
                            .build();
            if (!sent.state().begin()) {
                // Given up while it was asked for the exchange.
                return;
            }
            now.confirms().await(now.channel().getNextPublishSeqNo(), sent);
            now.channel().basicPublish(exchange, first.topic(), true, properties, shipment.body());
        } catch (AlreadyClosedException e) {
            sent.notSent(LOST);
            drop(now);
        } catch (IOException | ShutdownSignalException e) {
            faults.note(e);
            ended(sent, LOST);
            drop(now);
        } catch (RuntimeException e) {
            // Its number is used up, and the server will never confirm it.
            faults.note(e);
            ended(sent, "it cannot be written as a message of RabbitMQ");
            drop(now);
        }
    }

    /**
     * Whether the exchange exists. A fault of one message's exchange does not disturb messages to
     * others.
     */
    private boolean exists(Open now, String exchange, RabbitConfirms.Sent sent) {
        try {
            mustExist(now, exchange);
            return true;
        } catch (NoExchange e) {
            sent.notSent(String.valueOf(e.getMessage()));
        } catch (IOException | RuntimeException e) {
            faults.note(e);
            sent.notSent("RabbitMQ does not say whether there is the exchange");
            if (!now.channel().isOpen()) {
                drop(now);
            }
        }
        return false;
    }

    private static void ended(RabbitConfirms.Sent sent, String reason) {
        if (sent.state().giveUp()) {
            sent.notSent(reason);
        } else {
            sent.failed(reason);
        }
    }

    private static final class NoExchange extends Exception {
        private static final long serialVersionUID = 1L;

        NoExchange(String name) {
            super("there is no exchange \"" + name + "\"");
        }
    }

    /** Asked on a channel of its own: a no closes the channel, and others' messages are on ours. */
    private void mustExist(Open now, String exchange) throws IOException, NoExchange {
        if (exchanges.contains(exchange)) {
            return;
        }
        Channel asking = now.connection().createChannel();
        if (asking == null) {
            throw new IOException("no more channels");
        }
        try {
            asking.exchangeDeclarePassive(exchange);
            exchanges.add(exchange);
        } catch (IOException e) {
            if (now.connection().isOpen()) {
                throw new NoExchange(exchange);
            }
            throw e;
        } finally {
            if (asking.isOpen()) {
                asking.abort();
            }
        }
    }

    private Open open() throws IOException, TimeoutException {
        Open known = open;
        if (known != null && known.channel().isOpen()) {
            return known;
        }
        drop(known);
        if (System.nanoTime() - connectAgainAt < 0) {
            throw new IOException("it was away a moment ago");
        }
        try {
            Open made = connect();
            open = made;
            return made;
        } catch (IOException | TimeoutException | RuntimeException e) {
            faults.note(e);
            connectAgainAt = System.nanoTime() + CONNECT_PAUSE_NANOS;
            throw e;
        }
    }

    private Open connect() throws IOException, TimeoutException {
        Connection connection = factory.newConnection("jubilee-deliveries");
        try {
            Channel channel = connection.createChannel();
            if (channel == null) {
                throw new IOException("no more channels");
            }
            RabbitConfirms confirms = new RabbitConfirms();
            connection.addBlockedListener(
                    reason -> blocked(connection, reason),
                    () -> blocked.compareAndSet(connection, null));
            connection.addShutdownListener(cause -> blocked.compareAndSet(connection, null));
            channel.confirmSelect();
            channel.addReturnListener(confirms::unroutable);
            channel.addConfirmListener(
                    (number, multiple) -> confirms.confirmed(number, multiple, true),
                    (number, multiple) -> confirms.confirmed(number, multiple, false));
            channel.addShutdownListener(cause -> {
                if (!cause.isInitiatedByApplication()) {
                    faults.note(cause);
                }
                confirms.allFailed(LOST);
            });
            return new Open(connection, channel, confirms);
        } catch (IOException | RuntimeException e) {
            connection.abort(CONNECT_MILLIS);
            throw e;
        }
    }

    /** What is on its way already may be taken when the server has recovered. */
    private void blocked(Connection connection, String reason) {
        log.warn("deliveries to RabbitMQ wait: it takes nothing: {}", reason);
        blocked.set(connection);
        if (!connection.isOpen()) {
            blocked.compareAndSet(connection, null);
        }
    }

    private void drop(@Nullable Open lost) {
        if (lost == null) {
            return;
        }
        if (lost.equals(open)) {
            open = null;
            exchanges.clear();
        }
        lost.confirms().allFailed(LOST);
        lost.connection().abort(CONNECT_MILLIS);
    }

    @Override
    public void close() {
        worker.shutdown();
        try {
            if (worker.awaitTermination(5, TimeUnit.SECONDS)) {
                drop(open);
            } else {
                log.warn("the connection to RabbitMQ does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
