package dev.jubilee.server.bus.delivery.pending;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.Priority;
import dev.jubilee.server.bus.store.StoredText;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event that one subscriber is owed.
 *
 * @param id ascending in the order of each Kafka partition
 * @param priority 0 high, 1 normal, 2 low
 * @param body the event as CloudEvents JSON; not copied, do not change it
 * @param attempts how many were made
 * @param dueAt not before
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Delivery(
        UUID subscriptionId,
        long id,
        String eventId,
        String eventType,
        String topic,
        @Nullable String key,
        int priority,
        byte[] body,
        int attempts,
        Instant dueAt,
        Instant acceptedAt) {

    /** About how many bytes of memory it takes beside its body. */
    public static final int OVERHEAD = 400;

    private static final byte[] NO_BODY = {};
    private static final int MAX_TEXT = 100;
    private static final int MAX_KEY = 255;

    /** A delivery that the subscription is owed from now on, not numbered yet. */
    public static Delivery of(
            UUID subscription, String topic, Envelope event, byte[] body, Instant now) {
        return new Delivery(
                subscription,
                0,
                StoredText.eventId(event.id()),
                StoredText.clip(event.type(), MAX_TEXT),
                topic,
                event.partitionKey() == null
                        ? null
                        : StoredText.clip(event.partitionKey(), MAX_KEY),
                rank(event.priority()),
                body,
                0,
                now,
                event.acceptedAt() == null ? now : event.acceptedAt());
    }

    /** The number of a priority: the smaller goes first. */
    public static int rank(Priority priority) {
        return switch (priority) {
            case HIGH -> 0;
            case NORMAL -> 1;
            case LOW -> 2;
        };
    }

    /** About how many bytes of memory it takes. */
    public int bytes() {
        return OVERHEAD + body.length;
    }

    public static long bytes(List<Delivery> several) {
        long bytes = 0;
        for (Delivery one : several) {
            bytes += one.bytes();
        }
        return bytes;
    }

    public Delivery withoutBody() {
        return with(id, NO_BODY, attempts, dueAt);
    }

    public Delivery numbered(long number) {
        return with(number, body, attempts, dueAt);
    }

    public Delivery after(int made, Instant due) {
        return with(id, body, made, due);
    }

    /** The same, due then at the latest. */
    public Delivery dueBy(Instant latest) {
        return dueAt.isAfter(latest) ? with(id, body, attempts, latest) : this;
    }

    private Delivery with(long number, byte[] content, int made, Instant due) {
        return new Delivery(
                subscriptionId,
                number,
                eventId,
                eventType,
                topic,
                key,
                priority,
                content,
                made,
                due,
                acceptedAt);
    }
}
