package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.http.client.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
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
            case RABBITMQ -> byTopic(shipment, part -> orRefuse(rabbit, to, part, "RABBITMQ_HOST"));
            case REDIS ->
                    byTopic(
                            shipment,
                            part ->
                                    orRefuse(redis, to, part, "REDIS_HOST")
                                            .whenComplete(this::note));
            case KAFKA, SSE -> refused(to.method().text() + " is not sent from here");
        };
    }

    /**
     * A message bears the topic of its events, by which queues are bound and readers choose: a
     * batch is as many as it has topics. It has arrived when all of them have.
     */
    private static CompletableFuture<Outcome> byTopic(
            Shipment shipment, Function<Shipment, CompletableFuture<Outcome>> send) {
        List<Shipment> parts = shipment.byTopic();
        CompletableFuture<Outcome> all = send.apply(parts.getFirst());
        for (Shipment part : parts.subList(1, parts.size())) {
            all = all.thenCombine(send.apply(part), Senders::worse);
        }
        return all;
    }

    private static Outcome worse(Outcome one, Outcome other) {
        return one instanceof Outcome.Kept ? other : one;
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
