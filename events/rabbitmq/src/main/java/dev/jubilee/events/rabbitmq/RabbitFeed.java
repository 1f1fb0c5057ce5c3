package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.events.core.Dispatcher;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What feeds a subscription as long as one channel lives: the channel and the workers. They end
 * together, because what the workers hold comes again with the next. The server sends no more than
 * so many ahead, those included that wait for a retry: while they take more than half of that, it
 * is time for a feed to which it sends twice as many.
 */
final class RabbitFeed extends DefaultConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitFeed.class);

    /** As much as the protocol can express. */
    static final int MOST_AHEAD = 65_535;

    /** What the server takes back and sends again is not here at once, and so not counted. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final RabbitMessages messages;
    private final RabbitReceiver.Source source;
    private final int ahead;
    private final Dispatcher workers;
    private final long openedAt = System.nanoTime();
    private volatile boolean last;

    /** Completed with why, in words. */
    private final CompletableFuture<String> lost = new CompletableFuture<>();

    /** The server sends so many ahead. */
    RabbitFeed(
            Channel channel,
            RabbitMessages messages,
            RabbitReceiver.Source source,
            int ahead,
            Dispatcher workers) {
        super(channel);
        this.messages = messages;
        this.source = source;
        this.ahead = ahead;
        this.workers = workers;
    }

    @Override
    public void handleDelivery(
            String consumerTag, Envelope delivery, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        RabbitDelivery received =
                new RabbitDelivery(
                        messages,
                        messages.received(body, properties),
                        getChannel(),
                        delivery.getDeliveryTag(),
                        source.queue(),
                        this::comesAgain);
        // A queue may still be bound as an earlier version of the program wanted it. What cannot be
        // read says nothing of its type, and becomes a dead letter.
        if (received.received().envelope() != null
                && !received.received().isRedriven()
                && !source.pattern().matches(received.received().type())) {
            received.settled();
            return;
        }
        workers.admit(received);
    }

    /** Whether what was not confirmed is sent again. */
    private boolean comesAgain() {
        return source.durable() || (!last && getChannel().getConnection().isOpen());
    }

    /** How many the server should send ahead. */
    int wanted() {
        int parked = workers.parked();
        if (parked > ahead / 2 && workers.parkedBytes() < Dispatcher.MOST_PARKED_BYTES) {
            return Math.min(2 * ahead, MOST_AHEAD);
        }
        boolean unneeded = parked == 0 && System.nanoTime() - openedAt > LINGER_NANOS;
        return unneeded ? source.prefetch() : ahead;
    }

    /** How many it does. */
    int ahead() {
        return ahead;
    }

    /** The server ends it by itself: the queue was deleted, or its server is gone. */
    @Override
    public void handleCancel(String consumerTag) {
        lost.complete("the server ended its consumer");
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException cause) {
        lost.complete(String.valueOf(cause.getMessage()));
    }

    /** Returns when it feeds no more, and says why; null if it still does after this time. */
    @Nullable String awaitLoss(Duration atMost) {
        try {
            return lost.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("nobody interrupts this thread or fails this", e);
        }
    }

    /** Makes way for the next: begins nothing more, and gives the rest back to the server. */
    void makeWay() throws IOException {
        workers.stop();
        try {
            getChannel().close();
        } catch (TimeoutException e) {
            throw new IOException("RabbitMQ did not answer", e);
        }
    }

    /** It was lost: begins nothing more of what it brought, which comes again. */
    void giveUp() {
        workers.stop();
        RabbitConnection.abandon(getChannel());
    }

    /**
     * Takes no more, has the workers finish as told, and gives the rest back to the server.
     *
     * @return false if its channel was gone already, and what it was to leave as well
     */
    boolean end(boolean drain) {
        last = true;
        lost.complete("its subscription ended");
        try {
            getChannel().basicCancel(getConsumerTag());
        } catch (IOException | AlreadyClosedException e) {
            LOG.debug("the consumer of {} is gone already: {}", source.queue(), e.toString());
        }
        if (drain) {
            workers.close();
        } else {
            workers.stop();
        }
        try {
            if (!source.durable()) {
                getChannel().queueDelete(source.queue());
            }
            getChannel().close();
            return true;
        } catch (IOException | TimeoutException | AlreadyClosedException e) {
            LOG.debug("the channel of {} is gone already: {}", source.queue(), e.toString());
            return false;
        }
    }
}
