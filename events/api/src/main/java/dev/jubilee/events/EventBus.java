package dev.jubilee.events;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Carries events from those who publish them to those who subscribed, by {@link TopicPattern} on
 * the event's type. What that promises differs by transport: {@link #guarantees()} says it, and a
 * subscription that asks for more is refused. Thread-safe.
 */
public interface EventBus extends AutoCloseable {
    /** What this transport promises. */
    TransportGuarantees guarantees();

    /**
     * Publishes and returns when the transport has taken the event over: what that means, its
     * durability says. Waits while subscribers or the server cannot keep up.
     *
     * @throws PublishException if the transport did not take it, or it is unknown whether it did
     * @throws IllegalStateException if the bus is closed
     */
    void publish(BaseEvent event);

    /**
     * Publishes without waiting for the transport's word, except for room to keep the event. Events
     * of one key that one thread publishes stay in order.
     *
     * @return completes when the transport has taken the event over, or with what {@link #publish}
     *     throws; its continuations must not block
     */
    CompletableFuture<Void> publishAsync(BaseEvent event);

    /**
     * Publishes all, in order within each key, and returns when the transport has taken over every
     * one. Not a transaction: when it throws, some may have been published.
     *
     * @throws PublishException as {@link #publish}
     */
    void publishAll(List<? extends BaseEvent> events);

    /**
     * Subscribes with {@link SubscriptionOptions#DEFAULT}: a subscription of this program alone.
     */
    default <E extends BaseEvent> Subscription subscribe(String pattern, EventHandler<E> handler) {
        return subscribe(pattern, SubscriptionOptions.DEFAULT, handler);
    }

    /**
     * Hands every event whose type the pattern selects to the handler, from now on; when this
     * returns, an event that is published is seen. An event that is not of the handler's kind goes
     * to the dead letters.
     *
     * @throws IllegalArgumentException if the pattern is none, or the options ask for what this
     *     transport does not promise
     * @throws IllegalStateException if the bus is closed
     */
    <E extends BaseEvent> Subscription subscribe(
            String pattern, SubscriptionOptions options, EventHandler<E> handler);

    /**
     * Ends the subscription in this program: the event under way is handled, no other is begun.
     * What waits for a durable subscription is kept by the server. Does nothing the second time.
     * Called by a handler of this bus, it does not wait for handlers.
     */
    void unsubscribe(Subscription subscription);

    /** What could not be handled. */
    DeadLetters deadLetters();

    /**
     * Takes no more events but those that its handlers publish, handles those that wait in this
     * process, ends all subscriptions, and returns. Retries that are not due yet are not waited
     * for: the events of a durable subscription come again, those of any other are lost, which the
     * log and the tracker are told. Called again, it returns when that is done; called by a
     * handler, it waits for the others, unless one of those was first. In memory, handlers that
     * publish to each other without end keep it waiting without end.
     */
    @Override
    void close();
}
