package dev.jubilee.server.observability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.http.EdgeServer;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.testing.MutableClock;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class HealthTest {
    private static final Authenticator NOBODY =
            new Authenticator() {
                @Override
                public @Nullable Principal cached(String authorization) {
                    return null;
                }

                @Override
                public @Nullable Principal authenticate(String authorization) {
                    return null;
                }
            };

    private final AtomicBoolean kafka = new AtomicBoolean(true);
    private final AtomicLong time = new AtomicLong();

    private Health.Probe probe() {
        return () -> {
            if (!kafka.get()) {
                throw new IllegalStateException("no broker");
            }
        };
    }

    private static HealthRoutes bus(Health health) {
        return new HealthRoutes(
                health,
                new HealthRoutes.Service("event-bus-service", "1.2.3", () -> 25, () -> 12),
                new MutableClock());
    }

    @Test
    void theBodyIsAsRequired() throws Exception {
        try (Health health = new Health(Map.of(Probes.KAFKA, probe()), time::get);
                EdgeServer server = new EdgeServer(NOBODY, bus(health)::on)) {
            health.start();
            health.serving();
            HttpResponse<String> response = server.get("/health");
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(Json.tree(response.body()))
                    .isEqualTo(
                            Json.tree(
                                    """
                                    {"status":"healthy","domain":"event-bus-service",
                                     "timestamp":"2026-03-01T12:00:00Z","version":"1.2.3",
                                     "kafka_connected":true,"topics_active":25,"subscribers_active":12}
                                    """));
        }
    }

    @Test
    void readinessTurnsGreenAndRedAndGreenAgainWhileTheProgramStaysAlive() throws Exception {
        try (Metrics metrics = new Metrics();
                Health health = new Health(Map.of(Probes.KAFKA, probe()), System::nanoTime);
                EdgeServer server =
                        new EdgeServer(NOBODY, new ObservabilityRoutes(metrics, health)::on)) {
            health.start();
            assertThat(server.get("/health/ready").statusCode()).isEqualTo(503);
            health.serving();
            Await.until("it is green", () -> server.get("/health/ready").statusCode() == 200);
            kafka.set(false);
            Await.until("it is red", () -> server.get("/health/ready").statusCode() == 503);
            JsonNode body = Json.tree(server.get("/health").body());
            assertThat(body.path("dependencies").path("kafka").booleanValue()).isFalse();
            assertThat(server.get("/health/live").statusCode()).isEqualTo(200);
            kafka.set(true);
            Await.until("it is green", () -> server.get("/health/ready").statusCode() == 200);
            health.stopping();
            assertThat(server.get("/health/ready").statusCode()).isEqualTo(503);
        }
    }

    @Test
    void aDependencyThatHangsTurnsRedByItself() {
        CountDownLatch hanging = new CountDownLatch(1);
        AtomicBoolean hang = new AtomicBoolean();
        try (Health health =
                new Health(
                        Map.of(
                                "database",
                                () -> {
                                    if (hang.getAndSet(true)) {
                                        hanging.countDown();
                                        new CountDownLatch(1).await();
                                    }
                                }),
                        time::get)) {
            health.start();
            health.serving();
            assertThat(health.isReady()).isTrue();
            Await.until("it hangs", () -> hanging.getCount() == 0);
            assertThat(health.isReady()).isTrue();
            time.addAndGet(Duration.ofSeconds(3).toNanos());
            assertThat(health.isReady()).isFalse();
        }
    }

    @Test
    void metricsAreInPrometheusFormat() throws Exception {
        try (Metrics metrics = new Metrics();
                Health health = new Health(Map.of(), time::get);
                EdgeServer server =
                        new EdgeServer(NOBODY, new ObservabilityRoutes(metrics, health)::on)) {
            metrics.registry()
                    .counter("event_bus_events_published_total", "topic", "game.events")
                    .increment(3);
            HttpResponse<String> scraped = server.get("/metrics");
            assertThat(scraped.headers().firstValue("Content-Type").orElse(""))
                    .startsWith("text/plain; version=0.0.4");
            assertThat(scraped.body())
                    .contains("event_bus_events_published_total{topic=\"game.events\"} 3.0")
                    .contains("jvm_memory_used_bytes");
        }
    }
}
