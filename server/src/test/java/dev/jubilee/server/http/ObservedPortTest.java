package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a port that stands behind a proxy tells of its requests. */
class ObservedPortTest {
    private static final Authenticator PLAYERS =
            new Authenticator() {
                @Override
                public Principal cached(String authorization) {
                    return authenticate(authorization);
                }

                @Override
                public Principal authenticate(String authorization) {
                    return new Principal("ann", Role.PLAYER);
                }
            };

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Vertx vertx = Vertx.vertx();
    private HttpPort port;

    @BeforeEach
    void listen() {
        Router router = new Router();
        router.get(
                "/things/{id}", Access.ANYONE, call -> Reply.ok(call.callerAddress() + " asked"));
        router.post("/things", Access.SERVICE, call -> Reply.noContent());
        RateLimits.Rate two = new RateLimits.Rate(2, Duration.ofHours(1));
        RateLimits.Settings rates = new RateLimits.Settings(null, null, null, null, null, two);
        Edge edge =
                new Edge(
                        PLAYERS,
                        new RateLimits(rates, System::nanoTime),
                        EdgeServer.LIMITS,
                        new TrustedProxies(Network.list("127.0.0.0/8")),
                        new BodyMemory(10_000),
                        new AnswerMemory(),
                        new HttpMetrics(registry, "tested"));
        port = HttpPort.listen(vertx, "127.0.0.1", 0, router, edge, 2);
    }

    @AfterEach
    void close() {
        port.close();
        vertx.close().await();
    }

    @Test
    void callersBehindAProxyAreCountedApart() throws Exception {
        assertThat(get("/things/1", "203.0.113.9")).contains(" 200 ", "203.0.113.9 asked");
        assertThat(get("/things/1", "198.51.100.1, 203.0.113.9")).contains(" 200 ");
        assertThat(get("/things/1", "203.0.113.9")).contains(" 429 ");
        assertThat(get("/things/1", "203.0.113.10")).contains(" 200 ");
    }

    @Test
    void requestsAreCountedByRouteAndStatus() throws Exception {
        get("/things/1", "203.0.113.1");
        get("/things/2", "203.0.113.2");
        get("/nothing/7", "203.0.113.3");
        try (RawConnection raw = new RawConnection(port.port())) {
            raw.send("POST /things HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n")
                    .send("Content-Length: 2\r\n\r\n{}");
            assertThat(raw.answer()).contains(" 403 ");
        }

        // Whoever has the answer may be quicker than the count.
        Await.untilAsserted(
                "all are counted",
                () -> {
                    assertThat(count("GET", "/things/{id}", "200")).isEqualTo(2);
                    assertThat(count("POST", "/things", "403")).isEqualTo(1);
                    assertThat(count("other", "none", "404")).isEqualTo(1);
                });
        assertThat(registry.find("http.server.requests").timers()).hasSize(3);
        assertThat(registry.find("http.server.requests").tag("uri", "none").timer())
                .extracting(timer -> timer.totalTime(java.util.concurrent.TimeUnit.NANOSECONDS))
                .satisfies(nanos -> assertThat(nanos).isPositive());
    }

    private long count(String method, String uri, String status) {
        Timer timer =
                registry.find("http.server.requests")
                        .tags("port", "tested", "method", method, "uri", uri, "status", status)
                        .timer();
        return timer == null ? 0 : timer.count();
    }

    private String get(String path, String forwardedFor) throws Exception {
        try (RawConnection raw = new RawConnection(port.port())) {
            return raw.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ")
                    .send(forwardedFor + "\r\n\r\n")
                    .answer();
        }
    }
}
