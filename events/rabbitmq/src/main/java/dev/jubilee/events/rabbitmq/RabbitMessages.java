package dev.jubilee.events.rabbitmq;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.rabbitmq.client.AMQP;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.UnreadableEventException;
import dev.jubilee.events.json.CloudEventsJson;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Events as messages: CloudEvents in structured mode, with the id and type as properties too. */
final class RabbitMessages {
    /** Marks what its subscription gets whatever its pattern selects now. */
    static final String REDRIVEN = "x-redriven";

    private static final int PERSISTENT = 2;

    /** In bytes; the protocol's limit for what travels as a property. */
    private static final int LONGEST_PROPERTY = 255;

    private final CloudEventsJson json;
    private final EventCodec codec;

    RabbitMessages(InstantSource clock, EventCodec codec) {
        this.json = new CloudEventsJson(clock);
        this.codec = codec;
    }

    /** A message's body, read as far as it can be. */
    record Received(byte[] body, AMQP.BasicProperties properties, @Nullable Envelope envelope) {
        /** Whether it is a dead letter that was given to its subscription again. */
        boolean isRedriven() {
            return properties.getHeaders() != null && properties.getHeaders().containsKey(REDRIVEN);
        }

        /** The id of the event, or of the message. */
        String id() {
            if (envelope != null) {
                return envelope.id();
            }
            String id = properties.getMessageId();
            return id == null ? "unknown" : id;
        }

        /** The type of the event, or of the message. */
        String type() {
            if (envelope != null) {
                return envelope.type();
            }
            String type = properties.getType();
            return type == null ? "unknown" : type;
        }
    }

    Envelope envelope(BaseEvent event) {
        return codec.encode(event);
    }

    byte[] body(Envelope envelope) {
        return json.write(envelope);
    }

    AMQP.BasicProperties properties(Envelope envelope) {
        return properties(envelope.id(), envelope.type(), Map.of())
                .correlationId(property(envelope.correlationId()))
                .build();
    }

    static AMQP.BasicProperties.Builder properties(
            String id, String type, Map<String, Object> headers) {
        return new AMQP.BasicProperties.Builder()
                .contentType(CloudEventsJson.MEDIA_TYPE)
                .deliveryMode(PERSISTENT)
                .messageId(property(id))
                .type(property(type))
                .headers(headers);
    }

    /** The body says it as well; what is too long to be said outside of it is not. */
    private static @Nullable String property(@Nullable String value) {
        return value == null || value.getBytes(UTF_8).length > LONGEST_PROPERTY ? null : value;
    }

    Received received(byte[] body, AMQP.BasicProperties properties) {
        try {
            return new Received(body, properties, json.read(body));
        } catch (RuntimeException e) { // whatever is wrong with it, it becomes a dead letter
            return new Received(body, properties, null);
        }
    }

    /**
     * The event of a message.
     *
     * @throws UnreadableEventException if it is none
     */
    BaseEvent event(Received received) {
        Envelope envelope = received.envelope;
        if (envelope == null) {
            throw new UnreadableEventException(
                    "the message " + received.id() + " is not a CloudEvent in JSON");
        }
        return codec.decode(envelope);
    }
}
