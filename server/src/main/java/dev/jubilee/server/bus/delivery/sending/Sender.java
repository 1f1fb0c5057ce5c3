package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.util.concurrent.CompletableFuture;

/** Brings shipments to the subscribers of one method. Thread-safe. */
public sealed interface Sender extends AutoCloseable
        permits WebhookSender, RabbitSender, RedisSender, Senders {
    /**
     * Sends without waiting, and never fails otherwise than by its outcome. What is good has
     * arrived for sure: the endpoint answered, the broker confirmed, the server has written it.
     */
    CompletableFuture<Outcome> send(Subscription to, Shipment shipment);

    /** Sends nothing more. */
    @Override
    default void close() {}
}
