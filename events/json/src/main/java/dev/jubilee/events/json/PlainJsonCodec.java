package dev.jubilee.events.json;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.UnreadableEventException;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Events as one JSON object each, with the names that they have in code, for programs that know no
 * CloudEvents:
 *
 * <pre>{@code
 * {"id": "…", "type": "guild.gold.deposited", "timestamp": "2026-11-21T12:00:00Z", "version": 7,
 *  "metadata": {"correlationId": "…", "causationId": "…", "userId": "ada",
 *               "source": "guild-service", "environment": "production"},
 *  "aggregateId": "dragons", "aggregateType": "treasury", "data": {"member": "ada", "amount": 5}}
 * }</pre>
 *
 * <p>An integration event has {@code service}, {@code action} and {@code payload} instead of the
 * last three, a system event {@code level}, {@code component}, {@code message} and {@code details}.
 * Beside them stands {@code schemaVersion} where the type is registered; without it a payload is of
 * the first version. What else an envelope has is a text in {@code metadata}. Members that this
 * program has no place for, at any depth, survive a round trip.
 *
 * <p>As a codec of a bus or a store it makes that object the data; the attributes around it are
 * those of {@link JsonEventCodec}, and count where the two differ. Thread-safe.
 */
public final class PlainJsonCodec implements EventCodec {
    private final JsonEventCodec codec;
    private final PlainDocument document = new PlainDocument();

    /** Payloads as Jackson reads and writes them by default. */
    public PlainJsonCodec(EventRegistry registry) {
        this(registry, new JsonMapper());
    }

    /** Payloads as this mapper reads and writes them. */
    public PlainJsonCodec(EventRegistry registry, JsonMapper mapper) {
        this.codec = new JsonEventCodec(registry, mapper);
    }

    /**
     * The event as a JSON object.
     *
     * @throws IllegalArgumentException if its payload cannot be written, or is of another class
     *     than its type is registered with
     */
    public byte[] write(BaseEvent event) {
        return document.write(codec.encode(event));
    }

    /**
     * The event that the JSON object is.
     *
     * @throws UnreadableEventException if it is none, or its payload is not what its type says
     */
    public BaseEvent read(byte[] json) {
        try {
            return codec.decode(document.read(json));
        } catch (IllegalArgumentException e) {
            throw unreadable("the JSON", e);
        }
    }

    @Override
    public Envelope encode(BaseEvent event) {
        Envelope envelope = codec.encode(event);
        return envelope.toBuilder().json(document.write(envelope)).build();
    }

    /** Data that is no such object is a payload, if the envelope is of a program without us. */
    @Override
    public BaseEvent decode(Envelope around) {
        Envelope within;
        try {
            within = document.read(around.data());
        } catch (IllegalArgumentException e) {
            if (!around.extensions().containsKey("kind")) {
                return codec.decode(around);
            }
            throw unreadable(around.type() + " " + around.id(), e);
        }
        Map<String, String> extensions = new HashMap<>(within.extensions());
        extensions.putAll(around.extensions());
        return codec.decode(
                around.toBuilder()
                        .data(within.contentType(), within.data())
                        .extensions(extensions)
                        .build());
    }

    private static UnreadableEventException unreadable(String what, Exception why) {
        return new UnreadableEventException(
                "%s is no event: %s".formatted(what, why.getMessage()), why);
    }
}
