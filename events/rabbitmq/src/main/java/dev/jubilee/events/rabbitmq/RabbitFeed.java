package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What feeds a subscription as long as one channel lives: the channel and the workers. They end
 * together, because what the workers hold comes again with the next. The server sends no more than
 * the workers may hold.
 */
final class RabbitFeed extends DefaultConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitFeed.class);

    private final RabbitMessages messages;
    private final TopicPattern pattern;
    private final String queue;
    private final Dispatcher workers;

    /** Completed with why, in words. */
    private final CompletableFuture<String> lost = new CompletableFuture<>();

    RabbitFeed(
            Channel channel,
            RabbitMessages messages,
            TopicPattern pattern,
            String queue,
            Dispatcher workers) {
        super(channel);
        this.messages = messages;
        this.pattern = pattern;
        this.queue = queue;
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
                        queue);
        // A queue may still be bound as an earlier version of the program wanted it. What cannot be
        // read says nothing of its type, and becomes a dead letter.
        if (received.received().envelope() != null
                && !pattern.matches(received.received().type())) {
            received.settled();
            return;
        }
        try {
            workers.dispatch(received);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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

    /** Returns when it feeds no more, and says why. */
    String awaitLoss() {
        return lost.join();
    }

    /** It was lost: begins nothing more of what it brought, which comes again. */
    void giveUp() {
        workers.stop();
        RabbitConnection.abandon(getChannel());
    }

    /** Takes no more, has the workers finish as told, and gives the rest back to the server. */
    void end(boolean drain, boolean deleteQueue) {
        lost.complete("its subscription ended");
        try {
            getChannel().basicCancel(getConsumerTag());
        } catch (IOException | AlreadyClosedException e) {
            LOG.debug("the consumer of {} is gone already: {}", queue, e.toString());
        }
        if (drain) {
            workers.close();
        } else {
            workers.stop();
        }
        try {
            if (deleteQueue) {
                getChannel().queueDelete(queue);
            }
            getChannel().close();
        } catch (IOException | TimeoutException | AlreadyClosedException e) {
            LOG.debug("the channel of {} is gone already: {}", queue, e.toString());
        }
    }
}
