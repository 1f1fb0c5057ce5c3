package dev.jubilee.server.http.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.jubilee.events.tck.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OutboundHttpTest {
    private static final int PER_ENDPOINT = 2;
    private static final int REQUESTS = 100;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private HttpServer server;
    private OutboundHttp http;

    @BeforeEach
    void start() throws IOException {
        server =
                HttpServer.create(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), REQUESTS);
        server.setExecutor(threads);
        server.createContext("/", this::hold);
        server.start();
        http = new OutboundHttp(AllowedNetworks.parse("127.0.0.0/8"), PER_ENDPOINT);
    }

    @AfterEach
    void stop() {
        gate.countDown();
        http.close();
        server.stop(0);
        threads.close();
    }

    @Test
    void whereNobodyListensTheReasonSaysSoInWords() throws IOException {
        int port;
        try (ServerSocket once = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = once.getLocalPort();
        }
        Outcome outcome =
                http.post(
                                Destination.of("http://127.0.0.1:" + port + "/"),
                                Map.of(),
                                new byte[0],
                                Duration.ofSeconds(5))
                        .join();

        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Unsent.class,
                        unsent ->
                                assertThat(unsent.reason())
                                        .isEqualTo("the endpoint refused the connection"));
    }

    /** Several subscriptions whose endpoints are on one host have more under way than one may. */
    @Test
    void whatFindsNoConnectionWaitsForOneAndDoesNotFail() {
        List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            String address = "http://127.0.0.1:" + server.getAddress().getPort() + "/" + i;
            outcomes.add(
                    http.post(
                            Destination.of(address), Map.of(), new byte[0], Duration.ofMinutes(1)));
        }
        Await.until("ten endpoints are busy", () -> waiting.get() == 10 * PER_ENDPOINT);
        gate.countDown();

        assertThat(outcomes)
                .allSatisfy(outcome ->
                        assertThat(outcome.join())
                                .isInstanceOfSatisfying(
                                        Outcome.Answered.class,
                                        answered -> assertThat(answered.status()).isEqualTo(204)));
        assertThat(most.get()).isLessThanOrEqualTo(10 * PER_ENDPOINT);
    }

    private void hold(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            most.accumulateAndGet(waiting.incrementAndGet(), Math::max);
            gate.await();
            waiting.decrementAndGet();
            exchange.sendResponseHeaders(204, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
