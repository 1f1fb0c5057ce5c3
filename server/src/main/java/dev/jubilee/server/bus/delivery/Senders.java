package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Sends by the method of the subscription.
 *
 * @param rabbit null where no such server is configured
 * @param redis null where no such server is configured
 */
record Senders(WebhookSender webhook, @Nullable RabbitSender rabbit, @Nullable RedisSender redis)
        implements Sender {
    @Override
    public CompletableFuture<Outcome> send(Subscription to, Shipment shipment) {
        return switch (to.method()) {
            case WEBHOOK -> webhook.send(to, shipment);
            case RABBITMQ -> orRefuse(rabbit, to, shipment, "RABBITMQ_HOST");
            case REDIS -> orRefuse(redis, to, shipment, "REDIS_HOST");
            case KAFKA, SSE -> refused(to.method().text() + " is not sent from here");
        };
    }

    private static CompletableFuture<Outcome> orRefuse(
            @Nullable Sender sender, Subscription to, Shipment shipment, String setting) {
        return sender == null
                ? refused(setting + " is not set on this instance")
                : sender.send(to, shipment);
    }

    private static CompletableFuture<Outcome> refused(String reason) {
        return CompletableFuture.completedFuture(new Outcome.Refused(reason));
    }

    @Override
    public void close() {
        webhook.close();
        if (rabbit != null) {
            rabbit.close();
        }
        if (redis != null) {
            redis.close();
        }
    }
}
