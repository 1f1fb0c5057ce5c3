package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.tck.Await;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.subscriptions.SecretBox;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.AnswerMemory;
import dev.jubilee.server.http.BodyMemory;
import dev.jubilee.server.http.Edge;
import dev.jubilee.server.http.HttpLimits;
import dev.jubilee.server.http.HttpMetrics;
import dev.jubilee.server.http.HttpPort;
import dev.jubilee.server.http.RateLimits;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.TrustedProxies;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Platform;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** One instance of the bus with a port of its own, on the servers of the test class. */
final class BusInstance implements AutoCloseable {
    /** Only who tests that it gives up on somebody does so soon. */
    private static final Map<String, String> PATIENT =
            Map.of(
                    "EVENT_BUS_CATCH_UP_TIMEOUT", "30s",
                    "EVENT_BUS_PUBLISH_TIMEOUT", "2m",
                    "EVENT_BUS_WEBHOOK_TIMEOUT", "2m");

    private static final String SECRET_KEY = Base64.getEncoder().encodeToString(new byte[32]);

    /** Credentials that stand for nobody any more. */
    final Set<String> revoked = ConcurrentHashMap.newKeySet();

    /** How often somebody was asked who it is. */
    final AtomicInteger identified = new AtomicInteger();

    /** The role is the credential, with an id behind it if that matters: {@code player:ann}. */
    private final Authenticator byRole =
            new Authenticator() {
                @Override
                public @Nullable Principal cached(String authorization) {
                    identified.incrementAndGet();
                    String credential = authorization.substring("Bearer ".length());
                    if (revoked.contains(credential)) {
                        return null;
                    }
                    String[] named = credential.split(":", 2);
                    String id = named.length > 1 ? named[1] : "key-" + named[0];
                    return new Principal(id, Role.of(named[0]));
                }

                @Override
                public @Nullable Principal authenticate(String authorization) {
                    return cached(authorization);
                }
            };

    /** A status and a body. */
    record Answer(int status, JsonNode body, java.net.http.HttpHeaders headers) {
        String text(String field) {
            return body.path(field).asString("");
        }
    }

    final Bus bus;
    final Database database;
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final AnswerMemory answers = new AnswerMemory();
    private final HikariDataSource pool;
    private final ChangeFeed changes;
    private final Vertx vertx = Vertx.vertx();
    private final HttpPort port;
    private final HttpClient client = HttpClient.newHttpClient();

    BusInstance(Platform platform, Map<String, String> settings) {
        this(platform, settings, platform.brokers());
    }

    BusInstance(Platform platform, DeliveryMemory memory) {
        this(platform, Map.of(), platform.brokers(), platform.dataSource(), memory);
    }

    /**
     * @param brokers where it believes Kafka to be
     */
    BusInstance(Platform platform, Map<String, String> settings, String brokers) {
        this(platform, settings, brokers, platform.dataSource());
    }

    /**
     * @param brokers where it believes Kafka to be
     * @param postgres hands out its connections
     */
    BusInstance(
            Platform platform, Map<String, String> settings, String brokers, DataSource postgres) {
        this(platform, settings, brokers, postgres, new DeliveryMemory(16 << 20));
    }

    private BusInstance(
            Platform platform,
            Map<String, String> settings,
            String brokers,
            DataSource postgres,
            DeliveryMemory memory) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(postgres);
        config.setMaximumPoolSize(6);
        config.setAllowPoolSuspension(true);
        pool = new HikariDataSource(config);
        database = new Database(pool);
        changes = new ChangeFeed(pool);
        Map<String, Object> kafka = new HashMap<>(Map.of("bootstrap.servers", brokers));
        Map<String, String> given = new HashMap<>(PATIENT);
        given.putAll(settings);
        SettingsReader reader = new SettingsReader(given);
        BusSettings busSettings = BusSettings.from(reader, true);
        boolean limited = settings.containsKey("EVENT_BUS_RATE_LIMIT_EVENTS");
        RateLimits.Settings limits =
                limited ? RateLimits.Settings.from(reader, true) : RateLimits.Settings.OFF;
        reader.check();
        Idempotency idempotency = new Idempotency(database, platform.clock(), Duration.ofDays(1));
        bus =
                new Bus(
                        kafka,
                        database,
                        changes,
                        idempotency,
                        busSettings,
                        SecretBox.open(Path.of("target"), SECRET_KEY),
                        platform.clock(),
                        registry,
                        memory);
        changes.start();
        bus.start();
        Router router = new Router();
        bus.on(router);
        Duration timeout = Duration.ofMinutes(1);
        port =
                HttpPort.listen(
                        vertx,
                        "127.0.0.1",
                        0,
                        router,
                        new Edge(
                                byRole,
                                new RateLimits(limits, System::nanoTime),
                                new HttpLimits(9 << 20, timeout, timeout, timeout, 1_000),
                                TrustedProxies.NONE,
                                new BodyMemory(9 << 20),
                                answers,
                                new HttpMetrics(registry, "bus")),
                        2);
    }

    Answer post(String role, String path, String body, String... headers) {
        return post(role, path, body.getBytes(StandardCharsets.UTF_8), headers);
    }

    Answer post(String role, String path, byte[] body, String... headers) {
        HttpRequest.Builder request =
                request(role, path).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return send(request.build());
    }

    Answer patch(String role, String path, String body) {
        return send(
                request(role, path)
                        .method("PATCH", HttpRequest.BodyPublishers.ofString(body))
                        .build());
    }

    Answer delete(String role, String path) {
        return send(request(role, path).DELETE().build());
    }

    /** Hears nothing more of what changes; for a test that has no other instance. */
    void stopListening() {
        changes.close();
        Await.until(
                "nobody listens",
                () ->
                        Thread.getAllStackTraces().keySet().stream()
                                .noneMatch(thread -> thread.getName().equals("change-feed")));
    }

    /** What is done while PostgreSQL does not answer. */
    void withoutPostgres(Runnable what) {
        pool.getHikariPoolMXBean().suspendPool();
        try {
            what.run();
        } finally {
            pool.getHikariPoolMXBean().resumePool();
        }
    }

    /** Waits until the store holds everything that is in Kafka. */
    void awaitStore() {
        assertThat(bus.store().caughtUp().join()).as("the store has caught up").isTrue();
    }

    int port() {
        return port.port();
    }

    Answer get(String role, String path) {
        return send(request(role, path).GET().build());
    }

    /** Any method; a body only where there is one. */
    Answer send(String method, String role, String path, @Nullable String body) {
        HttpRequest.BodyPublisher publisher =
                body == null
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body);
        return send(request(role, path).method(method, publisher).build());
    }

    /** A body that is no JSON. */
    String text(String role, String path) {
        try {
            return client.send(
                            request(role, path).GET().build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private HttpRequest.Builder request(String role, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.port() + path))
                .header("Authorization", "Bearer " + role)
                .header("Content-Type", "application/json");
    }

    private Answer send(HttpRequest request) {
        try {
            HttpResponse<byte[]> response =
                    client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            JsonNode body =
                    response.body().length == 0
                            ? MissingNode.getInstance()
                            : Json.tree(response.body());
            return new Answer(response.statusCode(), body, response.headers());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        port.close();
        bus.close();
        changes.close();
        vertx.close().await();
        pool.close();
        client.close();
    }
}
