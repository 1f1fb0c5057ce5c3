package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import dev.jubilee.events.PublishException;
import java.io.IOException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes in order, and completes when the server confirms. When the channel is lost, what was
 * not confirmed is sent again on the next, in the same order and before anything newer; the server
 * may then have a message twice. Fails what was not confirmed within the patience. Thread-safe.
 */
final class ConfirmingPublisher {
    private static final Logger LOG = LoggerFactory.getLogger(ConfirmingPublisher.class);
    private static final Duration GLANCE = Duration.ofMillis(250);

    private final RabbitConnection connection;
    private final RabbitTopology topology;
    private final int mostUnconfirmed;
    private final Duration patience;

    private final Semaphore room;
    private final ReentrantLock sending = new ReentrantLock();
    private final Queue<Outgoing> held = new ConcurrentLinkedQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile ConfirmingChannel channel;

    /** Opens the first channel, and makes the exchange if it is missing. */
    ConfirmingPublisher(
            RabbitConnection connection,
            RabbitTopology topology,
            int mostUnconfirmed,
            Duration patience)
            throws IOException {
        this.connection = connection;
        this.topology = topology;
        this.mostUnconfirmed = mostUnconfirmed;
        this.patience = patience;
        this.room = new Semaphore(mostUnconfirmed);
        topology.exchange();
        this.channel = ConfirmingChannel.open(connection, this::finish);
        Thread.ofVirtual().name("rabbitmq-publisher").start(this::keep);
    }

    /** Sends, waiting for room; completes when the server has the message safely. */
    CompletableFuture<Void> publish(
            String exchange, String routingKey, AMQP.BasicProperties properties, byte[] body) {
        return publish(outgoing(exchange, routingKey, properties, body, false));
    }

    /** As above, and fails if no queue takes it. */
    CompletableFuture<Void> publishToQueue(
            String exchange, String routingKey, AMQP.BasicProperties properties, byte[] body) {
        return publish(outgoing(exchange, routingKey, properties, body, true));
    }

    private Outgoing outgoing(
            String exchange,
            String routingKey,
            AMQP.BasicProperties properties,
            byte[] body,
            boolean mandatory) {
        return new Outgoing(
                exchange,
                routingKey,
                properties,
                body,
                mandatory,
                System.nanoTime() + patience.toNanos(),
                new CompletableFuture<>());
    }

    private CompletableFuture<Void> publish(Outgoing message) {
        try {
            room.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            message.done().completeExceptionally(new PublishException("interrupted", e));
            return message.done();
        }
        try {
            // A server that has no room lets whoever sends wait, for as long as it likes.
            if (!sending.tryLock(message.deadline() - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                finish(message, new TimeoutException("it takes nothing at present"));
                return message.done();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            finish(message, e);
            return message.done();
        }
        try {
            if (ended.getCount() == 0) {
                finish(message, new IOException("the bus is closed"));
            } else if (channel.isLost()) {
                held.add(message);
            } else {
                channel.send(message);
            }
        } finally {
            sending.unlock();
        }
        return message.done();
    }

    /** Whoever takes a message out of where it waits calls this, once. */
    private void finish(Outgoing message, @Nullable Exception failure) {
        room.release();
        if (failure == null) {
            message.done().complete(null);
        } else {
            message.done()
                    .completeExceptionally(
                            new PublishException(
                                    "RabbitMQ did not confirm an event: " + failure.getMessage(),
                                    failure));
        }
    }

    private void keep() {
        int attempts = 0;
        try {
            while (ended.getCount() > 0) {
                if (!channel.isLost()) {
                    channel.awaitLoss(GLANCE);
                } else {
                    if (attempts++ == 0) {
                        LOG.warn("events cannot be published; trying again");
                    }
                    Duration pause =
                            RabbitReceiver.PAUSE.after(attempts, ThreadLocalRandom.current());
                    ended.await(pause.toNanos(), TimeUnit.NANOSECONDS);
                    if (renew()) {
                        LOG.info("events are published again");
                        attempts = 0;
                    }
                }
                expire();
            }
            // A channel that was just being renewed came too late to be failed with the others.
            failAll();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    private boolean renew() {
        try {
            topology.exchange();
            ConfirmingChannel renewed = ConfirmingChannel.open(connection, this::finish);
            sending.lock();
            try {
                channel.handOver(renewed);
                for (Outgoing message = held.poll(); message != null; message = held.poll()) {
                    renewed.send(message);
                }
                channel = renewed;
            } finally {
                sending.unlock();
            }
            return true;
        } catch (Throwable e) { // whatever it is, it must not end the publisher
            LOG.debug("events cannot be published yet: {}", e.toString());
            return false;
        }
    }

    private void expire() {
        long now = System.nanoTime();
        TimeoutException failure =
                new TimeoutException("not within " + patience + "; it may have it all the same");
        channel.expire(now, failure);
        for (Outgoing oldest = held.peek();
                oldest != null && oldest.isOverdue(now);
                oldest = held.peek()) {
            if (held.remove(oldest)) {
                finish(oldest, failure);
            }
        }
    }

    /**
     * Waits a while for what is not confirmed yet, and fails the rest: also while somebody still
     * sends, who is let go when the connection is closed.
     */
    void close(Duration longest) {
        long deadline = System.nanoTime() + longest.toNanos();
        boolean all = false;
        boolean alone = false;
        try {
            all = room.tryAcquire(mostUnconfirmed, longest.toNanos(), TimeUnit.NANOSECONDS);
            alone = sending.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            ended.countDown();
            failAll();
        } finally {
            if (alone) {
                sending.unlock();
            }
        }
        if (all) {
            room.release(mostUnconfirmed);
        }
    }

    private void failAll() {
        IOException failure = new IOException("the bus was closed meanwhile");
        channel.fail(failure);
        for (Outgoing message = held.poll(); message != null; message = held.poll()) {
            finish(message, failure);
        }
    }
}
