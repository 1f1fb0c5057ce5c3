package dev.jubilee.events.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.UnreadableEventException;
import dev.jubilee.events.json.CloudEventsJson;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Events as text: CloudEvents in JSON. */
final class RedisMessages {
    /** The field of an entry that holds the event. */
    static final String EVENT = "event";

    /** The field that names the one subscription that the entry is for. */
    static final String FOR = "for";

    private final CloudEventsJson json;
    private final EventCodec codec;

    RedisMessages(InstantSource clock, EventCodec codec) {
        this.json = new CloudEventsJson(clock);
        this.codec = codec;
    }

    /** A message, read as far as it can be. */
    record Received(String text, @Nullable Envelope envelope) {
        String id() {
            return envelope == null ? "unknown" : envelope.id();
        }

        String type() {
            return envelope == null ? "unknown" : envelope.type();
        }
    }

    String text(BaseEvent event) {
        return new String(json.write(codec.encode(event)), UTF_8);
    }

    Received received(String text) {
        try {
            return new Received(text, json.read(text.getBytes(UTF_8)));
        } catch (RuntimeException e) { // whatever is wrong with it, it becomes a dead letter
            return new Received(text, null);
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
            throw new UnreadableEventException("a message is not a CloudEvent in JSON");
        }
        return codec.decode(envelope);
    }
}
