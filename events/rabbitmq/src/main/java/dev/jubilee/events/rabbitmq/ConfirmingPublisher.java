package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import dev.jubilee.events.PublishException;
import java.io.IOException;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Publishes on one channel and completes when the server confirms. When the connection is lost,
 * what was not confirmed fails: it is unknown whether the server has it. Thread-safe.
 */
final class ConfirmingPublisher {
    private final Channel channel;
    private final Semaphore room;
    private final ReentrantLock lock = new ReentrantLock();
    private final NavigableMap<Long, CompletableFuture<Void>> unconfirmed =
            new ConcurrentSkipListMap<>();

    ConfirmingPublisher(Connection connection, int mostUnconfirmed) throws IOException {
        this.channel = connection.createChannel();
        this.room = new Semaphore(mostUnconfirmed);
        channel.confirmSelect();
        channel.addConfirmListener(
                (tag, multiple) -> settle(tag, multiple, null),
                (tag, multiple) ->
                        settle(tag, multiple, new IOException("the server refused the event")));
        channel.addShutdownListener(cause -> settle(Long.MAX_VALUE, true, cause));
        if (channel instanceof Recoverable recoverable) {
            recoverable.addRecoveryListener(new Renewal());
        }
    }

    /** A renewed channel counts from one again: what waited for a higher number waits in vain. */
    private final class Renewal implements RecoveryListener {
        @Override
        public void handleRecovery(Recoverable recoverable) {
            lock.lock();
            try {
                settle(
                        Long.MAX_VALUE,
                        true,
                        new IOException("the connection was lost, and is there again"));
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void handleRecoveryStarted(Recoverable recoverable) {}
    }

    /** Sends, waiting for room; completes when the server has the message safely. */
    CompletableFuture<Void> publish(
            String exchange, String routingKey, AMQP.BasicProperties properties, byte[] body) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            room.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            done.completeExceptionally(new PublishException("interrupted while waiting", e));
            return done;
        }
        lock.lock();
        try {
            long tag = channel.getNextPublishSeqNo();
            unconfirmed.put(tag, done);
            try {
                channel.basicPublish(exchange, routingKey, properties, body);
                if (channel.getNextPublishSeqNo() != tag + 1) {
                    // Sent on a channel that was renewed in between, and counts from one again.
                    fail(tag, new IOException("the connection was renewed meanwhile"));
                }
            } catch (IOException | AlreadyClosedException e) {
                fail(tag, e);
            }
        } finally {
            lock.unlock();
        }
        if (!channel.isOpen()) {
            // Lost between the sending and the listener's round: nobody else would settle it.
            settle(Long.MAX_VALUE, true, channel.getCloseReason());
        }
        return done;
    }

    private void fail(long tag, Exception cause) {
        CompletableFuture<Void> done = unconfirmed.remove(tag);
        if (done != null) {
            room.release();
            done.completeExceptionally(failed(cause));
        }
    }

    private void settle(long tag, boolean multiple, @Nullable Exception cause) {
        NavigableMap<Long, CompletableFuture<Void>> settled =
                multiple
                        ? unconfirmed.headMap(tag, true)
                        : unconfirmed.subMap(tag, true, tag, true);
        for (Long each : List.copyOf(settled.keySet())) {
            CompletableFuture<Void> done = unconfirmed.remove(each);
            if (done == null) {
                continue;
            }
            room.release();
            if (cause == null) {
                done.complete(null);
            } else {
                done.completeExceptionally(failed(cause));
            }
        }
    }

    private static PublishException failed(Exception cause) {
        return new PublishException(
                "RabbitMQ did not confirm an event: " + cause.getMessage(), cause);
    }
}
