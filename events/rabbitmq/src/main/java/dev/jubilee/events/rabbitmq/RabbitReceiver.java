package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Feeds one subscription from its queue. The server sends no more than the workers may hold. */
final class RabbitReceiver extends DefaultConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitReceiver.class);

    private final TopicPattern pattern;
    private final RabbitMessages messages;
    private final Dispatcher dispatcher;
    private final String queue;
    private final boolean durable;

    RabbitReceiver(
            Channel channel,
            TopicPattern pattern,
            RabbitMessages messages,
            Dispatcher dispatcher,
            String queue,
            boolean durable) {
        super(channel);
        this.pattern = pattern;
        this.messages = messages;
        this.dispatcher = dispatcher;
        this.queue = queue;
        this.durable = durable;
    }

    String queue() {
        return queue;
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
        // A queue may still be bound as an earlier version of the program wanted it.
        if (!pattern.matches(received.received().type())) {
            received.settled();
            return;
        }
        try {
            dispatcher.dispatch(received);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes no more, has the workers finish as told, and gives the rest back to the server. */
    void end(boolean drain) {
        try {
            getChannel().basicCancel(getConsumerTag());
        } catch (IOException | AlreadyClosedException e) {
            LOG.debug("the consumer of {} is gone already: {}", queue, e.toString());
        }
        if (drain) {
            dispatcher.close();
        } else {
            dispatcher.stop();
        }
        try {
            if (!durable) {
                getChannel().queueDelete(queue);
            }
            getChannel().close();
        } catch (IOException | TimeoutException | AlreadyClosedException e) {
            LOG.debug("the channel of {} is gone already: {}", queue, e.toString());
        }
    }
}
