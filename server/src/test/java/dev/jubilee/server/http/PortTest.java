package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.testing.Await;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How a port opens, fills up and closes. */
class PortTest {
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

    @Test
    void aTakenPortIsNamed() {
        try (EdgeServer first = new EdgeServer(NOBODY, router -> {})) {
            Vertx vertx = Vertx.vertx();
            Edge edge =
                    new Edge(
                            NOBODY,
                            new RateLimits(RateLimits.Settings.OFF, System::nanoTime),
                            EdgeServer.LIMITS);
            assertThatThrownBy(() ->
                            HttpPort.listen(
                                    vertx, "127.0.0.1", first.port(), new Router(), edge, 2))
                    .isInstanceOf(PortTakenException.class)
                    .hasMessageContaining("127.0.0.1:" + first.port());
            vertx.close().await();
        }
    }

    @Test
    void moreConnectionsThanAllowedAreClosed() throws Exception {
        HttpLimits three =
                new HttpLimits(
                        1_000,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(30),
                        3);
        try (EdgeServer server =
                new EdgeServer(
                        NOBODY,
                        RateLimits.Settings.OFF,
                        three,
                        router -> router.get("/", Access.ANYONE, call -> Reply.noContent()))) {
            String request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
            try (RawConnection a = new RawConnection(server.port());
                    RawConnection b = new RawConnection(server.port());
                    RawConnection c = new RawConnection(server.port())) {
                for (RawConnection open : java.util.List.of(a, b, c)) {
                    assertThat(open.send(request).answer()).startsWith("HTTP/1.1 204 ");
                }
                try (RawConnection fourth = new RawConnection(server.port())) {
                    assertThat(fourth.isClosedByPeer()).isTrue();
                }
                assertThat(a.send(request).answer()).startsWith("HTTP/1.1 204 ");
            }
            Await.until(
                    "there is room again",
                    () -> {
                        try (RawConnection again = new RawConnection(server.port())) {
                            return again.send(request).answer().startsWith("HTTP/1.1 204 ");
                        }
                    });
        }
    }

    @Test
    void anIdleConnectionIsClosedEvenWhenItDripsAHeader() throws Exception {
        HttpLimits brief =
                new HttpLimits(
                        1_000,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(2),
                        Duration.ofMillis(400),
                        10);
        try (EdgeServer server =
                        new EdgeServer(
                                NOBODY,
                                RateLimits.Settings.OFF,
                                brief,
                                router ->
                                        router.get("/", Access.ANYONE, call -> Reply.noContent()));
                RawConnection raw = new RawConnection(server.port())) {
            raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(raw.answer()).startsWith("HTTP/1.1 204 ");
            Thread dripping =
                    Thread.ofVirtual()
                            .start(() ->
                                    Await.until(
                                            "the connection breaks",
                                            () -> {
                                                try {
                                                    raw.send("G");
                                                    return false;
                                                } catch (java.io.IOException e) {
                                                    return true;
                                                }
                                            }));
            assertThat(raw.isClosedByPeer()).isTrue();
            dripping.join();
        }
    }

    @Test
    void whatWasTakenIsAnsweredBeforeThePortCloses() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        try (EdgeServer server =
                        new EdgeServer(
                                NOBODY,
                                router ->
                                        router.get(
                                                "/",
                                                Access.ANYONE,
                                                call -> {
                                                    begun.countDown();
                                                    release.await();
                                                    return Reply.noContent();
                                                }));
                RawConnection idle = new RawConnection(server.port());
                RawConnection busy = new RawConnection(server.port())) {
            busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            begun.await();
            Thread closing = Thread.ofVirtual().start(server::stopListening);
            assertThat(idle.isClosedByPeer()).isTrue();
            release.countDown();
            assertThat(busy.answer()).startsWith("HTTP/1.1 204 ");
            closing.join(Duration.ofSeconds(20));
            assertThat(closing.isAlive()).isFalse();
        }
    }
}
