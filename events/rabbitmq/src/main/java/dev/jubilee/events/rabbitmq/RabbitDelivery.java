package dev.jubilee.events.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.core.Delivery;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One message on its way to a handler. */
final class RabbitDelivery implements Delivery {
    private static final Logger LOG = LoggerFactory.getLogger(RabbitDelivery.class);

    private final RabbitMessages messages;
    private final RabbitMessages.Received received;
    private final Channel channel;
    private final long tag;
    private final String queue;
    private final BooleanSupplier comesAgain;
    private @Nullable BaseEvent read;

    RabbitDelivery(
            RabbitMessages messages,
            RabbitMessages.Received received,
            Channel channel,
            long tag,
            String queue,
            BooleanSupplier comesAgain) {
        this.messages = messages;
        this.received = received;
        this.channel = channel;
        this.tag = tag;
        this.queue = queue;
        this.comesAgain = comesAgain;
    }

    RabbitMessages.Received received() {
        return received;
    }

    /** Where it came from, and where a redriven letter goes. */
    String queue() {
        return queue;
    }

    @Override
    public String key() {
        Envelope envelope = received.envelope();
        String key = envelope == null ? null : envelope.partitionKey();
        return key == null ? received.id() : key;
    }

    /** Read when it is handled, by the worker, and once. */
    @Override
    public BaseEvent event() {
        BaseEvent event = read;
        if (event == null) {
            event = messages.event(received);
            read = event;
        }
        return event;
    }

    /** On a channel that is gone it cannot be confirmed, and comes again. */
    @Override
    public boolean isOurs() {
        return channel.isOpen();
    }

    @Override
    public void settled() {
        try {
            channel.basicAck(tag, false);
        } catch (IOException | AlreadyClosedException e) {
            LOG.debug("{} was handled and will come again: {}", received.id(), e.toString());
        }
    }

    /** Not confirmed: the server gives it to another when the channel closes. */
    @Override
    public boolean returned() {
        return comesAgain.getAsBoolean();
    }

    @Override
    public int bytes() {
        return received.body().length;
    }
}
