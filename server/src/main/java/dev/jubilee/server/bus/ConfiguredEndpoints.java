package dev.jubilee.server.bus;

import dev.jubilee.server.bus.delivery.sending.BrokerSettings;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.Endpoints;
import dev.jubilee.server.http.client.OutboundHttp;
import org.jspecify.annotations.Nullable;

/** Where this platform can bring events. */
final class ConfiguredEndpoints implements Endpoints {
    private static final int MAX_NAME = 255;

    private final OutboundHttp http;
    private final BrokerSettings brokers;

    ConfiguredEndpoints(OutboundHttp http, BrokerSettings brokers) {
        this.http = http;
        this.brokers = brokers;
    }

    @Override
    public @Nullable String fault(DeliveryMethod method, String endpoint) {
        return switch (method) {
            case WEBHOOK -> http.fault(endpoint);
            case RABBITMQ -> name(endpoint, "the name of an exchange");
            case REDIS -> name(endpoint, "the key of a stream");
            case KAFKA, SSE -> null;
        };
    }

    private static @Nullable String name(String endpoint, String what) {
        boolean fits =
                endpoint.length() <= MAX_NAME && endpoint.chars().allMatch(c -> c > ' ' && c < 127);
        return fits ? null : "must be " + what + ", of up to " + MAX_NAME + " printable characters";
    }

    @Override
    public @Nullable String fault(DeliveryMethod method) {
        return switch (method) {
            case RABBITMQ ->
                    brokers.rabbit() == null
                            ? "cannot be rabbitmq: RABBITMQ_HOST names no server"
                            : null;
            case REDIS ->
                    brokers.redis() == null ? "cannot be redis: REDIS_HOST names no server" : null;
            case WEBHOOK, KAFKA, SSE -> null;
        };
    }
}
