package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Subscriptions that nobody made, for what needs no database. */
public final class TestSubscriptions {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final String HOOK = "http://localhost/hook";
    private static final UUID ID = UUID.randomUUID();
    private static final RetryPolicy RETRY = new RetryPolicy(5, Duration.ofSeconds(60), null);

    private TestSubscriptions() {}

    /** Batches of two. */
    public static Subscription batching(int ratePerMinute) {
        return subscription(DeliveryMethod.WEBHOOK, HOOK, ratePerMinute, true);
    }

    /** One at a time. */
    public static Subscription single() {
        return subscription(DeliveryMethod.WEBHOOK, HOOK, 0, false);
    }

    /** The same as {@link #single}, once its endpoint is another. */
    public static Subscription elsewhere() {
        return subscription(DeliveryMethod.WEBHOOK, HOOK + "2", 0, false);
    }

    /** To an exchange of RabbitMQ. */
    public static Subscription to(String exchange) {
        return subscription(DeliveryMethod.RABBITMQ, exchange, 0, false);
    }

    private static Subscription subscription(
            DeliveryMethod method, String endpoint, int ratePerMinute, boolean batching) {
        return new Subscription(
                ID,
                "service",
                "#",
                List.of(),
                method,
                endpoint,
                null,
                null,
                null,
                RETRY,
                ratePerMinute,
                new Subscription.Batching(batching, 2, Duration.ofSeconds(1)),
                true,
                Duration.ofSeconds(30),
                Subscription.Ordering.NONE,
                "now",
                Map.of(),
                null,
                new Subscription.State(
                        Subscription.Status.ACTIVE, null, "closed", null, NOW, NOW, NOW, 0));
    }
}
