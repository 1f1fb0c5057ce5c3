package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.function.Consumer;

/** A port of its own with the routes of a test. */
public final class EdgeServer implements AutoCloseable {
    /** Limits of time that no test reaches. */
    public static final HttpLimits LIMITS = limits(Duration.ofSeconds(30), Duration.ofSeconds(30));

    /** Limits of time that a test can reach quickly, for no other. */
    static final HttpLimits BRIEF = limits(Duration.ofMillis(600), Duration.ofSeconds(2));

    private final Vertx vertx = Vertx.vertx();
    private final BodyMemory bodies;
    private final HttpPort port;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public EdgeServer(Authenticator authenticator, Consumer<Router> routes) {
        this(authenticator, RateLimits.Settings.OFF, LIMITS, routes);
    }

    public EdgeServer(
            Authenticator authenticator,
            RateLimits.Settings rates,
            HttpLimits limits,
            Consumer<Router> routes) {
        Router router = new Router();
        routes.accept(router);
        Edge edge = new Edge(authenticator, new RateLimits(rates, System::nanoTime), limits);
        bodies = edge.bodies();
        port = HttpPort.listen(vertx, "127.0.0.1", 0, router, edge, 2);
    }

    private static HttpLimits limits(Duration read, Duration write) {
        return new HttpLimits(10_000, read, write, Duration.ofSeconds(30), 1_000);
    }

    public int port() {
        return port.port();
    }

    /** The memory that the bodies of its requests share. */
    BodyMemory bodies() {
        return bodies;
    }

    public HttpResponse<String> get(String path, String... headers)
            throws IOException, InterruptedException {
        return send("GET", path, "", headers);
    }

    public HttpResponse<String> post(String path, String body, String... headers)
            throws IOException, InterruptedException {
        return send("POST", path, body, headers);
    }

    public HttpResponse<String> send(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                        .method(
                                method,
                                body.isEmpty()
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    /** Stops to listen, as a server that goes away does. */
    public void stopListening() {
        port.close();
    }

    @Override
    public void close() {
        client.close();
        vertx.close().await();
    }
}
