package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends by the method of the subscription.
 *
 * @param rabbit null where no such server is configured
 * @param redis null where no such server is configured
 * @param redisTook is told how long each answer of Redis took
 */
public record Senders(
        WebhookSender webhook,
        @Nullable RabbitSender rabbit,
        @Nullable RedisSender redis,
        Consumer<Duration> redisTook)
        implements Sender {
    @Override
    public CompletableFuture<Outcome> send(Subscription to, Shipment shipment) {
        return switch (to.method()) {
            case WEBHOOK -> webhook.send(to, shipment);
            case RABBITMQ -> orRefuse(rabbit, to, shipment, "RABBITMQ_HOST");
            case REDIS -> orRefuse(redis, to, shipment, "REDIS_HOST").whenComplete(this::note);
            case KAFKA, SSE -> refused(to.method().text() + " is not sent from here");
        };
    }

    private void note(Outcome outcome, @Nullable Throwable failure) {
        if (outcome instanceof Outcome.Kept(String _, Duration took)) {
            redisTook.accept(took);
        }
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
