package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The streams that are open at this instance, their inboxes, and what they have sent. Thread-safe.
 */
public final class OpenStreams {
    private final Map<UUID, StreamInbox> inboxes = new ConcurrentHashMap<>();
    private final Map<Key, Unconfirmed> open = new ConcurrentHashMap<>();
    private final StreamMemory memory;
    private volatile Consumer<UUID> handed = subscription -> {};
    private volatile Consumer<List<Delivery>> unread = deliveries -> {};

    private record Key(UUID subscription, long stream) {}

    /** A delivery, and the inbox in which a place was taken for it. */
    public record Handed(StreamInbox inbox, Delivery delivery) {}

    /**
     * @param memory shared by what is on its way to all of them
     */
    public OpenStreams(StreamMemory memory) {
        this.memory = memory;
    }

    StreamMemory memory() {
        return memory;
    }

    /**
     * Sets who is told.
     *
     * @param handedTo receives a subscription to whose streams something was handed
     * @param notRead receives deliveries that were handed to streams that had ended; nobody reads
     *     them here
     */
    public void tell(Consumer<UUID> handedTo, Consumer<List<Delivery>> notRead) {
        handed = handedTo;
        unread = notRead;
    }

    /**
     * The inbox of one more stream.
     *
     * @param rewinds how often the subscription was rewound; what was handed over before is not for
     *     it
     */
    StreamInbox join(UUID subscription, int rewinds) {
        while (true) {
            StreamInbox inbox =
                    inboxes.compute(
                            subscription,
                            (id, known) ->
                                    known == null || known.rewinds < rewinds
                                            ? new StreamInbox(rewinds, memory)
                                            : known);
            if (inbox.join()) {
                return inbox;
            }
            inboxes.remove(subscription, inbox);
        }
    }

    /**
     * The stream reads no more. If it was the last, deliveries left in the inbox are reported as
     * not read.
     */
    void leave(UUID subscription, StreamInbox inbox) {
        if (inbox.leave()) {
            inboxes.remove(subscription, inbox);
            List<Delivery> left = inbox.empty();
            if (!left.isEmpty()) {
                unread.accept(left);
            }
        }
    }

    /**
     * Makes the stream known until {@link #closed}: its client may come back elsewhere, and say
     * what it has.
     */
    void opened(UUID subscription, Unconfirmed stream) {
        open.put(new Key(subscription, stream.stream()), stream);
    }

    /** Forgets the stream, which has given back in PostgreSQL what is not confirmed. */
    void closed(UUID subscription, Unconfirmed stream) {
        open.remove(new Key(subscription, stream.stream()));
    }

    /** The deliveries that this stream has sent; null if it is not open here. */
    @Nullable Unconfirmed open(UUID subscription, long stream) {
        return open.get(new Key(subscription, stream));
    }

    /** The inbox in which a place was taken; null if the delivery has to wait in PostgreSQL. */
    public @Nullable StreamInbox reserve(Delivery one, int rewinds) {
        StreamInbox inbox = inboxes.get(one.subscriptionId());
        return inbox != null && inbox.rewinds == rewinds && inbox.reserve(one) ? inbox : null;
    }

    /**
     * Whether the subscription has open streams here and is level, so that a delivery may be handed
     * to them.
     */
    public boolean isLevel(UUID subscription) {
        StreamInbox inbox = inboxes.get(subscription);
        return inbox != null && !inbox.window.isBehind();
    }

    public void leftBehind(UUID subscription) {
        StreamInbox inbox = inboxes.get(subscription);
        if (inbox != null) {
            inbox.window.leftBehind();
        }
    }

    /** Hands over deliveries whose rows were committed, in order. */
    public void routed(List<Handed> several) {
        Set<UUID> reached = new LinkedHashSet<>();
        List<Delivery> missed = new ArrayList<>();
        for (Handed one : several) {
            if (one.inbox().hand(one.delivery())) {
                reached.add(one.delivery().subscriptionId());
            } else {
                one.inbox().unreserve(one.delivery());
                missed.add(one.delivery());
            }
        }
        reached.forEach(handed);
        if (!missed.isEmpty()) {
            unread.accept(missed);
        }
    }
}
