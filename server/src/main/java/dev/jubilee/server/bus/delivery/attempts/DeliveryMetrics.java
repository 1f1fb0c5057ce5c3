package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Counts what comes of deliveries. Thread-safe. */
public final class DeliveryMetrics {
    private final MeterRegistry registry;
    private final Counter deadLetters;
    private final Timer latency;
    private final Timer redis;

    public DeliveryMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.deadLetters =
                Counter.builder("event_bus_dead_letters")
                        .description("Deliveries that were given up: an alarm belongs on it")
                        .register(registry);
        this.redis =
                Timer.builder("event_bus_redis_operation_duration")
                        .description("From an XADD until Redis has answered it")
                        .tag("operation", "xadd")
                        .publishPercentiles(0.5, 0.95, 0.99)
                        .register(registry);
        this.latency =
                Timer.builder("event_bus_delivery_latency")
                        .description("From acceptance to the answer of the first try")
                        .publishPercentiles(0.5, 0.95, 0.99)
                        .register(registry);
    }

    public void attempted(DeliveryMethod method, String status, int events) {
        Counter.builder("event_bus_delivery_attempts")
                .description("Tries to deliver, by what came of them")
                .tag("method", method.text())
                .tag("status", status)
                .register(registry)
                .increment(events);
    }

    /** Redis has answered. */
    public void redisTook(Duration time) {
        redis.record(time);
    }

    /** Events that were written to a topic. */
    public void written(int events) {
        attempted(DeliveryMethod.KAFKA, "success", events);
    }

    public void answered(Duration sinceAccepted) {
        latency.record(Math.max(0, sinceAccepted.toNanos()), TimeUnit.NANOSECONDS);
    }

    /** Their last try failed, and they were given up. */
    public void gaveUp(DeliveryMethod method, int events) {
        if (events > 0) {
            attempted(method, "error", events);
            died(events);
        }
    }

    public void died(int events) {
        deadLetters.increment(events);
    }
}
