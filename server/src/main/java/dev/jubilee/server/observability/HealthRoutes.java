package dev.jubilee.server.observability;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Limit;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntSupplier;

/** {@code GET /health} of a service's own port: 200 when it can serve, else 503. */
public final class HealthRoutes implements Routes {
    /**
     * What the body says of the service.
     *
     * @param domain as {@code event-bus-service}
     * @param topics how many are active; must not block
     * @param subscribers how many are active; must not block
     */
    public record Service(
            String domain, String version, IntSupplier topics, IntSupplier subscribers) {}

    private final Health health;
    private final Service service;
    private final InstantSource clock;

    public HealthRoutes(Health health, Service service, InstantSource clock) {
        this.health = health;
        this.service = service;
        this.clock = clock;
    }

    @Override
    public void on(Router router) {
        router.hot(Method.GET, "/health", Access.ANYONE, this::health).limit(Limit.NONE);
    }

    private CompletionStage<Reply> health(Call call) {
        boolean ready = health.isReady();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("status", ready ? "healthy" : "unhealthy");
        body.put("domain", service.domain());
        body.put("timestamp", clock.instant());
        body.put("version", service.version());
        body.put("kafka_connected", health.isUp(Probes.KAFKA));
        body.put("topics_active", service.topics().getAsInt());
        body.put("subscribers_active", service.subscribers().getAsInt());
        return CompletableFuture.completedFuture(Reply.json(ready ? 200 : 503, Json.bytes(body)));
    }
}
