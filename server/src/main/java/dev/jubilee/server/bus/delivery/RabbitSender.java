package dev.jubilee.server.bus.delivery;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes to exchanges of a RabbitMQ server, persistent, with the event's topic as the routing
 * key. It has arrived once the server has confirmed it; what no queue takes has not. One channel,
 * used by one thread, and made anew when it is lost. Thread-safe.
 */
final class RabbitSender implements Sender {
    private static final Logger log = LoggerFactory.getLogger(RabbitSender.class);
    private static final String SUBSCRIPTION = "subscription_id";
    private static final String LOST = "RabbitMQ closed the channel";
    private static final int PERSISTENT = 2;
    private static final int CONNECT_MILLIS = 3_000;
    private static final long CONNECT_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ConnectionFactory factory = new ConnectionFactory();
    private final Duration timeout;
    private final ExecutorService worker =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().name("delivery-rabbitmq").daemon().factory());
    private final BrokerFaults faults = new BrokerFaults("RabbitMQ");
    private final Set<String> exchanges = new HashSet<>();
    private @Nullable Open open;
    private long connectAgainAt = System.nanoTime();

    /** A message that is not confirmed. */
    private record Sent(
            String subscription, String id, long at, CompletableFuture<Outcome> outcome) {
        void failed(String reason) {
            outcome.complete(new Outcome.Failed(reason, took()));
        }

        void notSent(String reason) {
            outcome.complete(new Outcome.Unsent(reason, took()));
        }

        Duration took() {
            return Duration.ofNanos(System.nanoTime() - at);
        }
    }

    /** A channel, and what is under way on it. */
    private record Open(
            Connection connection, Channel channel, NavigableMap<Long, Sent> unconfirmed) {}

    RabbitSender(BrokerSettings.Rabbit server, Duration timeout) {
        this.timeout = timeout;
        factory.setHost(server.host());
        factory.setPort(server.port());
        factory.setUsername(server.username());
        factory.setPassword(server.password());
        factory.setVirtualHost(server.virtualHost());
        factory.setAutomaticRecoveryEnabled(false);
        factory.setConnectionTimeout(CONNECT_MILLIS);
        factory.setRequestedHeartbeat(10);
    }

    @Override
    public CompletableFuture<Outcome> send(Subscription to, Shipment shipment) {
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        Sent sent = new Sent(to.id().toString(), shipment.id(), System.nanoTime(), outcome);
        try {
            worker.execute(() -> publish(to, shipment, sent));
        } catch (RejectedExecutionException e) {
            sent.notSent("the instance ends");
        }
        return outcome.completeOnTimeout(
                new Outcome.Failed("no confirmation in " + timeout.toSeconds() + " s", timeout),
                timeout.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private void publish(Subscription to, Shipment shipment, Sent sent) {
        if (sent.outcome().isDone()) {
            // Given up while it waited: it is tried again, and need not come twice.
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

    private void publish(Open now, Subscription to, Shipment shipment, Sent sent) {
        try {
            String exchange = String.valueOf(to.endpoint());
            mustExist(now, exchange);
            Delivery first = shipment.deliveries().getFirst();
            long number = now.channel().getNextPublishSeqNo();
            NavigableMap<Long, Sent> unconfirmed = now.unconfirmed();
            unconfirmed.put(number, sent);
            var _ = sent.outcome().whenComplete((outcome, failure) -> unconfirmed.remove(number));
            AMQP.BasicProperties properties =
                    new AMQP.BasicProperties.Builder()
                            .messageId(sent.id())
                            .type(first.eventType())
                            .contentType(shipment.mediaType())
                            .deliveryMode(PERSISTENT)
                            .headers(Map.of(SUBSCRIPTION, sent.subscription()))
                            .build();
            now.channel().basicPublish(exchange, first.topic(), true, properties, shipment.body());
        } catch (NoExchange e) {
            sent.notSent(String.valueOf(e.getMessage()));
        } catch (IOException | ShutdownSignalException e) {
            faults.note(e);
            sent.failed(LOST);
            drop(now);
        } catch (RuntimeException e) {
            // Its number is used up, and the server will never confirm it.
            faults.note(e);
            sent.failed("it cannot be written as a message of RabbitMQ");
            drop(now);
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
            NavigableMap<Long, Sent> unconfirmed = new ConcurrentSkipListMap<>();
            channel.confirmSelect();
            channel.addReturnListener(returned -> unroutable(returned, unconfirmed));
            channel.addConfirmListener(
                    (number, multiple) -> confirmed(unconfirmed, number, multiple, true),
                    (number, multiple) -> confirmed(unconfirmed, number, multiple, false));
            channel.addShutdownListener(cause -> {
                if (!cause.isInitiatedByApplication()) {
                    faults.note(cause);
                }
                unconfirmed.values().forEach(one -> one.failed(LOST));
            });
            return new Open(connection, channel, unconfirmed);
        } catch (IOException | RuntimeException e) {
            connection.abort(CONNECT_MILLIS);
            throw e;
        }
    }

    /** Comes before the confirmation of the same message. */
    private static void unroutable(Return returned, NavigableMap<Long, Sent> unconfirmed) {
        // Others may have been sent the same event.
        String id = returned.getProperties().getMessageId();
        Map<String, Object> headers = returned.getProperties().getHeaders();
        String subscription = headers == null ? "" : String.valueOf(headers.get(SUBSCRIPTION));
        unconfirmed.values().stream()
                .filter(one -> one.id().equals(id) && one.subscription().equals(subscription))
                .forEach(one -> one.failed("no queue takes it"));
    }

    private static void confirmed(
            NavigableMap<Long, Sent> unconfirmed, long number, boolean multiple, boolean good) {
        NavigableMap<Long, Sent> meant =
                multiple
                        ? unconfirmed.headMap(number, true)
                        : unconfirmed.subMap(number, true, number, true);
        meant.values()
                .forEach(one -> {
                    if (good) {
                        one.outcome().complete(new Outcome.Kept("confirmed", one.took()));
                    } else {
                        one.failed("RabbitMQ did not take it");
                    }
                });
    }

    private void drop(@Nullable Open lost) {
        if (lost == null) {
            return;
        }
        if (lost.equals(open)) {
            open = null;
            exchanges.clear();
        }
        lost.unconfirmed().values().forEach(one -> one.failed(LOST));
        lost.connection().abort(CONNECT_MILLIS);
    }

    @Override
    public void close() {
        worker.execute(() -> drop(open));
        worker.shutdown();
        try {
            if (!worker.awaitTermination(5, TimeUnit.SECONDS)) {
                log.warn("the connection to RabbitMQ does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
