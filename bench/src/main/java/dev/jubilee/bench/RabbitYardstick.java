package dev.jubilee.bench;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.MessageProperties;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.rabbitmq.RabbitSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * RabbitMQ's Java client by itself, at the guarantees of the library's bus: a durable topic
 * exchange and quorum queue, persistent messages, as many unconfirmed ones and as many sent ahead,
 * each acknowledged by itself. It sends one body again and again and reads none.
 */
final class RabbitYardstick implements AutoCloseable {
    private static final String EXCHANGE = "bench-yardstick";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PREFETCH = SubscriptionOptions.DEFAULT.capacity();

    private final Connection publishing;
    private final Connection consuming;
    private final Channel publisher;
    private final String routingKey;
    private final byte[] body;
    private final int mostUnconfirmed;
    private final Unconfirmed unconfirmed;
    private final AtomicLong handled = new AtomicLong();

    RabbitYardstick(RabbitSettings settings, String routingKey, byte[] body) {
        this.routingKey = routingKey;
        this.body = body.clone();
        this.mostUnconfirmed = settings.unconfirmed();
        this.unconfirmed = new Unconfirmed(mostUnconfirmed);
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(settings.host());
        factory.setPort(settings.port());
        factory.setUsername(settings.username());
        factory.setPassword(settings.password());
        factory.setVirtualHost(settings.virtualHost());
        try {
            publishing = factory.newConnection(EXCHANGE);
            consuming = factory.newConnection(EXCHANGE);
            publisher = publishing.createChannel();
            publisher.confirmSelect();
            // What it refuses is missing from what is handled in the end.
            publisher.addConfirmListener(unconfirmed::settled, unconfirmed::settled);
            publisher.exchangeDeclare(EXCHANGE, BuiltinExchangeType.TOPIC, true);
            consume(consuming.createChannel());
        } catch (IOException | TimeoutException e) {
            throw failed(e);
        }
    }

    private void consume(Channel channel) throws IOException {
        channel.basicQos(PREFETCH);
        channel.queueDeclare(
                EXCHANGE,
                true,
                false,
                false,
                Map.of("x-queue-type", "quorum", "x-single-active-consumer", true));
        channel.queueBind(EXCHANGE, EXCHANGE, routingKey);
        channel.basicConsume(
                EXCHANGE,
                false,
                new DefaultConsumer(channel) {
                    @Override
                    public void handleDelivery(
                            String tag,
                            Envelope delivery,
                            AMQP.BasicProperties properties,
                            byte[] received)
                            throws IOException {
                        handled.incrementAndGet();
                        channel.basicAck(delivery.getDeliveryTag(), false);
                    }
                });
    }

    /** Sends for so long, as fast as the confirms allow, and waits until all are handled. */
    Carried carry(Duration duration) {
        long before = handled.get();
        long start = System.nanoTime();
        long sent = 0;
        try {
            while (System.nanoTime() - start < duration.toNanos()) {
                unconfirmed.acquire(1);
                unconfirmed.tags.add(publisher.getNextPublishSeqNo());
                publisher.basicPublish(
                        EXCHANGE, routingKey, MessageProperties.PERSISTENT_BASIC, body);
                sent++;
            }
            // All are confirmed when there is all the room again.
            unconfirmed.acquire(mostUnconfirmed);
            unconfirmed.room.release(mostUnconfirmed);
        } catch (IOException e) {
            throw failed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
        return Carried.awaitHandled(sent, start, () -> handled.get() - before);
    }

    /** As the client's own tutorial counts: the tags that the server has not confirmed. */
    private static final class Unconfirmed {
        final Semaphore room;
        final NavigableSet<Long> tags = new ConcurrentSkipListSet<>();

        Unconfirmed(int most) {
            room = new Semaphore(most);
        }

        void settled(long tag, boolean multiple) {
            NavigableSet<Long> these =
                    multiple ? tags.headSet(tag, true) : tags.subSet(tag, true, tag, true);
            int count = 0;
            while (these.pollFirst() != null) {
                count++;
            }
            room.release(count);
        }

        /** Waits for so much room. */
        void acquire(int count) throws InterruptedException {
            if (!room.tryAcquire(count, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new BenchException("RabbitMQ confirmed nothing for " + PATIENCE);
            }
        }
    }

    private static BenchException failed(Exception e) {
        return new BenchException("RabbitMQ's yardstick: " + e, e);
    }

    @Override
    public void close() {
        consuming.abort();
        publishing.abort();
    }
}
