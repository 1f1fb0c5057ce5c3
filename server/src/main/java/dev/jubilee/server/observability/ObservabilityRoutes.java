package dev.jubilee.server.observability;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Limit;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The metrics port, for Prometheus and for whoever starts and stops instances. */
public final class ObservabilityRoutes implements Routes {
    private final Metrics metrics;
    private final Health health;

    public ObservabilityRoutes(Metrics metrics, Health health) {
        this.metrics = metrics;
        this.health = health;
    }

    @Override
    public void on(Router router) {
        router.get("/metrics", Access.ANYONE, this::metrics)
                .limit(Limit.NONE)
                .hot(Method.GET, "/health/live", Access.ANYONE, this::live)
                .limit(Limit.NONE)
                .hot(Method.GET, "/health/ready", Access.ANYONE, this::ready)
                .limit(Limit.NONE)
                .hot(Method.GET, "/health", Access.ANYONE, this::ready)
                .limit(Limit.NONE);
    }

    private Reply metrics(Call call) {
        return Reply.text(Metrics.CONTENT_TYPE, metrics.scrape());
    }

    /** That an event loop answers is the proof. */
    private CompletionStage<Reply> live(Call call) {
        return CompletableFuture.completedFuture(Reply.ok(Map.of("status", "alive")));
    }

    private CompletionStage<Reply> ready(Call call) {
        boolean ready = health.isReady();
        Map<String, Object> body =
                Map.of("status", ready ? "ready" : "not_ready", "dependencies", health.states());
        return CompletableFuture.completedFuture(Reply.json(ready ? 200 : 503, Json.bytes(body)));
    }
}
