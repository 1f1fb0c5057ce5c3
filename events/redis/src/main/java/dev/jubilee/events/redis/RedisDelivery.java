package dev.jubilee.events.redis;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.core.Delivery;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One message on its way to a handler. */
final class RedisDelivery implements Delivery {
    private final RedisMessages messages;
    private final RedisMessages.Received received;
    private final Claim claim;
    private @Nullable BaseEvent read;

    /** What the server waits to be told of a message. */
    interface Claim {
        /** Of a message that comes once, whatever becomes of it. */
        Claim NONE = new Claim() {};

        default boolean isOurs() {
            return true;
        }

        default void settled() {}

        /** Whether it comes again. */
        default boolean returned() {
            return false;
        }
    }

    RedisDelivery(RedisMessages messages, RedisMessages.Received received, Claim claim) {
        this.messages = messages;
        this.received = received;
        this.claim = claim;
    }

    /** The message as it came. */
    String text() {
        return received.text();
    }

    @Override
    public String key() {
        Envelope envelope = received.envelope();
        String key = envelope == null ? null : envelope.partitionKey();
        return Objects.requireNonNullElseGet(key, received::id);
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

    @Override
    public boolean isOurs() {
        return claim.isOurs();
    }

    @Override
    public void settled() {
        claim.settled();
    }

    @Override
    public boolean returned() {
        return claim.returned();
    }

    @Override
    public int bytes() {
        return received.text().length();
    }
}
