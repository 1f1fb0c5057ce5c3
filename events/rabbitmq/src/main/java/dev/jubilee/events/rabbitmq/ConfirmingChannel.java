package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One channel's messages, from being sent until the server confirms them. Confirming takes no lock,
 * so that a sender who waits for the network holds up no answer; sending and handing over are for
 * one thread at a time.
 */
final class ConfirmingChannel {
    /** Tells which message comes back because no queue takes it. */
    private static final String TAG = "x-publishing-tag";

    private final Channel channel;
    private final BiConsumer<Outgoing, @Nullable Exception> finish;
    private final ConcurrentNavigableMap<Long, Outgoing> unconfirmed =
            new ConcurrentSkipListMap<>();
    private final CountDownLatch lost = new CountDownLatch(1);
    private long next = 1;

    /** What is after it was not sent for certain, and goes by the next channel. */
    private volatile long sent;

    private ConfirmingChannel(Channel channel, BiConsumer<Outgoing, @Nullable Exception> finish) {
        this.channel = channel;
        this.finish = finish;
    }

    /**
     * Opens one.
     *
     * @param finish is given each message once, when it is confirmed or has failed
     */
    static ConfirmingChannel open(
            RabbitConnection connection, BiConsumer<Outgoing, @Nullable Exception> finish)
            throws IOException {
        ConfirmingChannel opened = new ConfirmingChannel(connection.channel(), finish);
        try {
            opened.channel.addConfirmListener(
                    (tag, multiple) -> opened.settle(tag, multiple, null),
                    (tag, multiple) ->
                            opened.settle(tag, multiple, new IOException("the server refused it")));
            // A message that comes back is confirmed all the same, and comes back before that.
            opened.channel.addReturnListener(returned ->
                    opened.finish(tagOf(returned), new IOException(returned.getReplyText())));
            opened.channel.addShutdownListener(opened::ended);
            opened.channel.confirmSelect();
            return opened;
        } catch (IOException | ShutdownSignalException e) {
            RabbitConnection.abandon(opened.channel);
            throw e instanceof IOException failure ? failure : new IOException(e);
        }
    }

    private void ended(ShutdownSignalException cause) {
        if (Refusal.isFinal(cause) || Refusal.isMissing(cause)) {
            // The server does not say which of them it refuses, and would refuse it again.
            finishThrough(sent, cause);
        }
        lost.countDown();
    }

    boolean isLost() {
        return lost.getCount() == 0;
    }

    void awaitLoss(Duration longest) throws InterruptedException {
        lost.await(longest.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Sends it; if that fails, it waits to be handed over with the others. What the client will not
     * send, as it does not fit into a frame, fails alone; the channel is lost with it, because the
     * client has counted it and the server has not.
     */
    void send(Outgoing message) {
        long tag = next++;
        unconfirmed.put(tag, message);
        try {
            channel.basicPublish(
                    message.exchange(),
                    message.routingKey(),
                    message.mandatory(),
                    message.mandatory() ? tagged(message, tag) : message.properties(),
                    message.body());
            sent = tag;
        } catch (AlreadyClosedException e) {
            ended(e);
        } catch (IOException e) {
            RabbitConnection.abandon(channel);
            lost.countDown();
        } catch (RuntimeException e) {
            RabbitConnection.abandon(channel);
            lost.countDown();
            finish(tag, e);
        }
    }

    private static AMQP.BasicProperties tagged(Outgoing message, long tag) {
        Map<String, Object> headers = new HashMap<>(message.properties().getHeaders());
        headers.put(TAG, tag);
        return message.properties().builder().headers(headers).build();
    }

    private static long tagOf(Return returned) {
        Object tag = returned.getProperties().getHeaders().get(TAG);
        return tag instanceof Long number ? number : 0;
    }

    /** Sends what was not confirmed here, which is lost, by another. */
    void handOver(ConfirmingChannel other) {
        for (var first = unconfirmed.pollFirstEntry();
                first != null;
                first = unconfirmed.pollFirstEntry()) {
            other.send(first.getValue());
        }
    }

    /** Fails those that are overdue; none is older than the one before it. */
    void expire(long now, Exception failure) {
        for (var oldest = unconfirmed.firstEntry();
                oldest != null && oldest.getValue().isOverdue(now);
                oldest = unconfirmed.firstEntry()) {
            finish(oldest.getKey(), failure);
        }
    }

    /** Fails what is not confirmed. */
    void fail(Exception failure) {
        for (Long tag : unconfirmed.keySet()) {
            finish(tag, failure);
        }
    }

    private void settle(long tag, boolean multiple, @Nullable Exception failure) {
        if (!multiple) {
            finish(tag, failure);
            return;
        }
        finishThrough(tag, failure);
    }

    private void finishThrough(long tag, @Nullable Exception failure) {
        for (Long each : unconfirmed.headMap(tag, true).keySet()) {
            finish(each, failure);
        }
    }

    /** Whoever takes it out has finished it, nobody else. */
    private void finish(long tag, @Nullable Exception failure) {
        Outgoing message = unconfirmed.remove(tag);
        if (message != null) {
            finish.accept(message, failure);
        }
    }
}
