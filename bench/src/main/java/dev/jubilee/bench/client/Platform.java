package dev.jubilee.bench.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * A client of both ports. Calls block; use virtual threads. A 503 is asked again with the same
 * request, as the platform tells clients to. Thread-safe.
 */
public final class Platform implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration BREATH = Duration.ofMillis(200);
    private static final int TRIES = 50;

    private final URI bus;
    private final URI liveops;
    private final String adminKey;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(5))
                    .executor(threads)
                    .build();

    public Platform(URI bus, URI liveops, String adminKey) {
        this.bus = bus;
        this.liveops = liveops;
        this.adminKey = adminKey;
    }

    public URI bus() {
        return bus;
    }

    public URI liveops() {
        return liveops;
    }

    public String adminKey() {
        return adminKey;
    }

    /** A GET on the bus with the admin key. */
    public Answer busGet(String path) {
        return send("GET", bus.resolve(path), adminKey, null, Map.of());
    }

    /** A POST to the bus with the admin key. */
    public Answer busPost(String path, Object body, Map<String, String> headers) {
        return send("POST", bus.resolve(path), adminKey, body, headers);
    }

    /** A DELETE on the bus with the admin key. */
    public Answer busDelete(String path) {
        return send("DELETE", bus.resolve(path), adminKey, null, Map.of());
    }

    /** A GET on live-ops with the admin key. */
    public Answer get(String path) {
        return send("GET", liveops.resolve(path), adminKey, null, Map.of());
    }

    /** A POST to live-ops with the admin key. */
    public Answer post(String path, Object body) {
        return send("POST", liveops.resolve(path), adminKey, body, Map.of());
    }

    /** A PUT to live-ops with the admin key. */
    public Answer put(String path, Object body) {
        return send("PUT", liveops.resolve(path), adminKey, body, Map.of());
    }

    /** A DELETE on live-ops with the admin key. */
    public Answer delete(String path) {
        return send("DELETE", liveops.resolve(path), adminKey, null, Map.of());
    }

    /** A POST to live-ops with someone's own token. */
    public Answer postAs(String token, String path, Object body) {
        return send("POST", liveops.resolve(path), token, body, Map.of());
    }

    /** A fresh token of a player. */
    public String token(String userId) {
        Answer answer =
                post("/tokens", Map.of("user_id", userId)).expect("Asking for a player's token");
        String token = answer.text("token");
        if (token.isEmpty()) {
            token = answer.text("access_token");
        }
        if (token.isEmpty()) {
            throw new PlatformException("POST /tokens gave no token: " + answer.body());
        }
        return token;
    }

    private Answer send(
            String method,
            URI uri,
            String credential,
            @Nullable Object body,
            Map<String, String> headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .timeout(PATIENCE)
                        .header("Authorization", "Bearer " + credential);
        if (body == null) {
            request.method(method, BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json")
                    .method(method, BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
        }
        headers.forEach(request::header);
        return sendPatiently(request.build());
    }

    private Answer sendPatiently(HttpRequest request) {
        try {
            for (int tries = 1; ; tries++) {
                HttpResponse<byte[]> response = http.send(request, BodyHandlers.ofByteArray());
                if (response.statusCode() != 503 || tries == TRIES) {
                    return new Answer(response.statusCode(), document(response.body()));
                }
                Thread.sleep(BREATH);
            }
        } catch (IOException e) {
            throw new PlatformException(
                    "No answer from " + request.uri() + ": " + e + ". Is `./jubilee up` running?",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException("Interrupted", e);
        }
    }

    private static JsonNode document(byte[] body) {
        if (body.length == 0) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(body);
        } catch (JacksonException e) {
            return MissingNode.getInstance();
        }
    }

    @Override
    public void close() {
        http.close();
        threads.close();
    }
}
