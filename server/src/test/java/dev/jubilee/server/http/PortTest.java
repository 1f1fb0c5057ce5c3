package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a port opens, fills up and closes. */
class PortTest {
    private static final String GET_LARGE =
            "GET /large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\n\r\n";

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

    private static final Authenticator SERVICE =
            new Authenticator() {
                @Override
                public Principal cached(String authorization) {
                    return authenticate(authorization);
                }

                @Override
                public Principal authenticate(String authorization) {
                    return new Principal("service", Role.SERVICE);
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
                        Duration.ofSeconds(30),
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
                for (RawConnection open : List.of(a, b, c)) {
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
    void aShorterIdleTimeoutDoesNotCutAnAnswerOff() throws Exception {
        HttpLimits brief =
                new HttpLimits(
                        1_000,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofMillis(200),
                        10);
        CountDownLatch idleTimeHasPassed = new CountDownLatch(1);
        try (EdgeServer server =
                        new EdgeServer(
                                NOBODY,
                                RateLimits.Settings.OFF,
                                brief,
                                router ->
                                        router.get(
                                                "/",
                                                Access.ANYONE,
                                                call -> {
                                                    idleTimeHasPassed.await();
                                                    return Reply.noContent();
                                                }));
                RawConnection idle = new RawConnection(server.port());
                RawConnection waiting = new RawConnection(server.port())) {
            waiting.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            // One that is idle is closed, after the other began to wait.
            idle.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(idle.answer()).startsWith("HTTP/1.1 404 ");
            Await.until("the idle one is closed", idle::isClosedByPeer);
            idleTimeHasPassed.countDown();
            assertThat(waiting.answer()).startsWith("HTTP/1.1 204 ");
        }
    }

    @Test
    void anIdleConnectionIsClosedEvenWhenItDripsAHeader() throws Exception {
        HttpLimits brief =
                new HttpLimits(
                        1_000,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(3),
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
                                                } catch (IOException e) {
                                                    return true;
                                                }
                                            }));
            assertThat(raw.isClosedByPeer()).isTrue();
            dripping.join();
        }
    }

    private static HttpLimits large(int maxBody) {
        return new HttpLimits(
                maxBody,
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                100);
    }

    @Test
    void unfinishedLargeBodiesShareABoundedPartOfMemory() throws Exception {
        int mib = 1024 * 1024;
        try (EdgeServer server =
                new EdgeServer(
                        SERVICE,
                        RateLimits.Settings.OFF,
                        large(8 * mib),
                        router -> router.post("/", Access.ANYONE, call -> Reply.noContent()))) {
            String head =
                    "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\nContent-Length: "
                            + 8 * mib
                            + "\r\n\r\n";
            byte[] allButTheEnd = new byte[8 * mib - 1];
            List<RawConnection> open = new ArrayList<>();
            // There is room for two of these bodies, whichever event loops they come to.
            for (int i = 0; i < 5; i++) {
                open.add(new RawConnection(server.port()));
            }
            List<Thread> senders = new ArrayList<>();
            for (RawConnection connection : open) {
                senders.add(
                        Thread.ofVirtual()
                                .start(() -> {
                                    try {
                                        connection.send(head).send(allButTheEnd);
                                    } catch (IOException e) {
                                        // Refused and closed while it was still sending.
                                    }
                                }));
            }
            for (Thread sender : senders) {
                sender.join();
            }
            int refused = 0;
            int taken = 0;
            for (RawConnection connection : open) {
                try {
                    connection.send("x");
                    String answer = connection.answer();
                    refused += answer.startsWith("HTTP/1.1 503 ") ? 1 : 0;
                    taken += answer.startsWith("HTTP/1.1 204 ") ? 1 : 0;
                } catch (IOException e) {
                    refused++;
                }
                connection.close();
            }
            assertThat(refused).isPositive();
            assertThat(taken).isBetween(1, 2);
            for (int i = 0; i < 6; i++) {
                try (RawConnection again = new RawConnection(server.port())) {
                    again.send(head).send(allButTheEnd).send("x");
                    assertThat(again.answer()).startsWith("HTTP/1.1 204 ");
                }
            }
        }
    }

    @Test
    void aBodyCountsUntilItsHandlerIsThroughThoughItsClientHasHungUp() throws Exception {
        int mib = 1024 * 1024;
        Queue<Call> begun = new ConcurrentLinkedQueue<>();
        CountDownLatch release = new CountDownLatch(1);
        try (EdgeServer server =
                new EdgeServer(
                        SERVICE,
                        RateLimits.Settings.OFF,
                        large(8 * mib),
                        router ->
                                router.post("/", Access.ANYONE, call -> Reply.noContent())
                                        .post(
                                                "/holds",
                                                Access.ANYONE,
                                                call -> {
                                                    begun.add(call);
                                                    release.await();
                                                    return Reply.noContent();
                                                }))) {
            for (int i = 1; i <= 2; i++) {
                int sent = i;
                try (RawConnection raw = new RawConnection(server.port())) {
                    raw.send(
                                    "POST /holds HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\nContent-Length: ")
                            .send(8 * mib + "\r\n\r\n")
                            .send(new byte[8 * mib]);
                    Await.until("its handler has it", () -> begun.size() == sent);
                }
            }
            Await.until("nobody waits", () -> begun.stream().allMatch(Call::isAbandoned));
            String small =
                    "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\nContent-Length: 1\r\n\r\nx";
            try (RawConnection raw = new RawConnection(server.port())) {
                assertThat(raw.send(small).answer()).startsWith("HTTP/1.1 503 ");
            }
            release.countDown();
            Await.until(
                    "there is room again",
                    () -> {
                        try (RawConnection raw = new RawConnection(server.port())) {
                            return raw.send(small).answer().startsWith("HTTP/1.1 204 ");
                        }
                    });
        } finally {
            release.countDown();
        }
    }

    /** More than the part of a body that is kept before the whole of it is made room for. */
    private static final byte[] BEGUN = new byte[1024 * 1024 + 1];

    /** A body of the largest length that is allowed, begun and not ended. */
    private static RawConnection begin(EdgeServer server, String headers) throws IOException {
        return new RawConnection(server.port())
                .send("POST / HTTP/1.1\r\nHost: x\r\n" + headers)
                .send("Content-Length: " + 8 * 1024 * 1024 + "\r\n\r\n")
                .send(BEGUN);
    }

    private static void assertThatAKeyHolderIsHeard(EdgeServer server) throws IOException {
        try (RawConnection known = begin(server, "Authorization: Bearer service\r\n")) {
            known.send(new byte[8 * 1024 * 1024 - BEGUN.length]);
            assertThat(known.answer()).startsWith("HTTP/1.1 204 ");
        }
    }

    @Test
    void bodiesOfThoseWithoutCredentialsTakeNoRoomAtAll() throws Exception {
        try (EdgeServer server = posts(new CountDownLatch(0), new CountDownLatch(0));
                RawConnection one = begin(server, "");
                RawConnection other = begin(server, "")) {
            assertThatAKeyHolderIsHeard(server);
            assertThat(one.answer()).startsWith("HTTP/1.1 401 ");
            assertThat(other.answer()).startsWith("HTTP/1.1 401 ");
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void bodiesOfThoseWhoAreLookedUpTakeNoRoomUntilTheyAreKnown() throws Exception {
        CountDownLatch asked = new CountDownLatch(2);
        CountDownLatch release = new CountDownLatch(1);
        String unknown = "Authorization: Bearer nonsense\r\n";
        try (EdgeServer server = posts(asked, release);
                RawConnection one = begin(server, unknown);
                RawConnection other = begin(server, unknown)) {
            asked.await();
            assertThatAKeyHolderIsHeard(server);
            release.countDown();
            assertThat(one.answer()).startsWith("HTTP/1.1 401 ");
            assertThat(other.answer()).startsWith("HTTP/1.1 401 ");
        } finally {
            release.countDown();
        }
    }

    @Test
    void bodiesOfPlayersTakeNoRoomFromThoseWhoHoldAKey() throws Exception {
        try (EdgeServer server = posts(new CountDownLatch(0), new CountDownLatch(0));
                RawConnection ann = begin(server, "Authorization: Bearer player:ann\r\n")) {
            Await.until(
                    "she has room for her body", () -> server.bodies().taken() == 8 * 1024 * 1024);
            try (RawConnection bob = begin(server, "Authorization: Bearer player:bob\r\n")) {
                assertThat(bob.answer()).startsWith("HTTP/1.1 503 ");
            }
            assertThatAKeyHolderIsHeard(server);
            ann.send(new byte[8 * 1024 * 1024 - BEGUN.length]);
            assertThat(ann.answer()).startsWith("HTTP/1.1 204 ");
        }
    }

    /**
     * Where a service and "player:ann" are known at once, and anything else is looked up in vain.
     */
    private static EdgeServer posts(CountDownLatch asked, CountDownLatch release) {
        Authenticator authenticator =
                new Authenticator() {
                    @Override
                    public @Nullable Principal cached(String authorization) {
                        String[] said = authorization.split("[ :]", -1);
                        return switch (said[1]) {
                            case "service" -> new Principal("service", Role.SERVICE);
                            case "player" -> new Principal(said[2], Role.PLAYER);
                            default -> null;
                        };
                    }

                    @Override
                    public @Nullable Principal authenticate(String authorization) {
                        asked.countDown();
                        try {
                            release.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        return null;
                    }
                };
        return new EdgeServer(
                authenticator,
                RateLimits.Settings.OFF,
                large(8 * 1024 * 1024),
                router -> router.post("/", Access.PLAYER, call -> Reply.noContent()));
    }

    @Test
    void largeAnswersThatNobodyReadsShareABoundedPartOfMemory() throws Exception {
        int mib = 1024 * 1024;
        try (EdgeServer server = largeAnswers(8 * mib, large(1_000));
                RawConnection reading = new RawConnection(server.port())) {
            RawConnection silent = new RawConnection(server.port());
            // There is room for two such answers.
            assertThat(reading.send(GET_LARGE).head()).startsWith("HTTP/1.1 200 ");
            assertThat(silent.send(GET_LARGE).head()).startsWith("HTTP/1.1 200 ");
            try (RawConnection third = new RawConnection(server.port())) {
                assertThat(third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer())
                        .startsWith("HTTP/1.1 204 ");
                assertThat(third.send(GET_LARGE).answer())
                        .startsWith("HTTP/1.1 503 ")
                        .containsIgnoringCase("connection: close")
                        .contains("overloaded");
                assertThat(third.isClosedByPeer()).isTrue();
            }
            reading.skip(8 * mib);
            try (RawConnection next = untilAnswered(server)) {
                silent.close();
                untilAnswered(server).close();
                next.skip(8 * mib);
            }
        }
    }

    @Test
    void strangersThatDoNotReadTakeNoRoomForAnswersFromThoseWhoHoldAKey() throws Exception {
        String asked = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
        List<RawConnection> silent = new ArrayList<>();
        try (EdgeServer server = largeAnswers(7 * 1024 * 1024, large(1_000))) {
            int begun = 0;
            for (int i = 0; i < 4; i++) {
                RawConnection stranger = RawConnection.narrow(server.port());
                silent.add(stranger);
                begun += stranger.send(asked).head().startsWith("HTTP/1.1 200 ") ? 1 : 0;
            }
            assertThat(begun).as("as many as one of them may have").isEqualTo(1);
            try (RawConnection known = new RawConnection(server.port())) {
                assertThat(known.send(GET_LARGE).head()).startsWith("HTTP/1.1 200 ");
            }
            for (RawConnection stranger : silent) {
                stranger.close();
            }
            Await.until(
                    "there is room again",
                    () -> {
                        try (RawConnection stranger = new RawConnection(server.port())) {
                            return stranger.send(asked).head().startsWith("HTTP/1.1 200 ");
                        }
                    });
        }
    }

    @Test
    void anAnswerThatIsLargerThanAllTheirMemoryIsSentAlone() throws Exception {
        int size = 17 * 1024 * 1024;
        try (EdgeServer server = largeAnswers(size, large(1_000));
                RawConnection raw = new RawConnection(server.port())) {
            assertThat(raw.send(GET_LARGE).head()).startsWith("HTTP/1.1 200 ");
            raw.skip(size);
            untilAnswered(server).close();
        }
    }

    private static EdgeServer largeAnswers(int size, HttpLimits limits) {
        Reply large = new Reply(200, "application/octet-stream", new byte[size], Map.of());
        return new EdgeServer(
                SERVICE,
                RateLimits.Settings.OFF,
                limits,
                router ->
                        router.get("/", Access.ANYONE, call -> Reply.noContent())
                                .get("/large", Access.ANYONE, call -> large));
    }

    @Test
    void whoDoesNotReadItsAnswerIsCutOffEvenWhenItDripsARequest() throws Exception {
        HttpLimits brief =
                new HttpLimits(
                        1_000,
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(3),
                        10);
        try (EdgeServer server = largeAnswers(8 * 1024 * 1024, brief);
                RawConnection raw = RawConnection.narrow(server.port())) {
            assertThat(raw.send(GET_LARGE).head()).startsWith("HTTP/1.1 200 ");
            // Long before the header that drips in is one that is too long.
            Await.until(
                    "the connection breaks",
                    () -> {
                        try {
                            raw.send("G");
                            return false;
                        } catch (IOException e) {
                            return true;
                        }
                    });
        }
    }

    /** A connection whose large answer has begun, once there is room for that. */
    private static RawConnection untilAnswered(EdgeServer server) {
        AtomicReference<RawConnection> answered = new AtomicReference<>();
        Await.until(
                "a large answer begins",
                () -> {
                    RawConnection raw = RawConnection.narrow(server.port());
                    answered.set(raw);
                    boolean begins = raw.send(GET_LARGE).head().startsWith("HTTP/1.1 200 ");
                    if (!begins) {
                        raw.close();
                    }
                    return begins;
                });
        return answered.get();
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
            closing.join(Duration.ofMinutes(2));
            assertThat(closing.isAlive()).isFalse();
        }
    }
}
