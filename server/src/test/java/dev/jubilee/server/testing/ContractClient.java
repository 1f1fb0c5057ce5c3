package dev.jubilee.server.testing;

import dev.jubilee.server.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * Speaks with a port as a client does, and fails at every answer that breaks the port's contract: a
 * status that is not declared, a body that does not fit its schema, a request that was accepted
 * although its own schema forbids it. Thread-safe.
 *
 * <pre>{@code
 * ContractClient admin = new ContractClient(port, Contract.liveops()).as(adminKey);
 * admin.post("/events", Map.of("name", "Boss Rush", …)).expect(201).body().path("event_id");
 * }</pre>
 */
public final class ContractClient {
    /**
     * An answer that keeps to the contract.
     *
     * @param body missing when it is not JSON
     */
    public record Answer(int status, HttpHeaders headers, JsonNode body) {
        /** Fails when the status is another. */
        public Answer expect(int expected) {
            if (status != expected) {
                throw new AssertionError("expected " + expected + ", was " + status + ": " + body);
            }
            return this;
        }

        /** The code of a problem; empty for anything else. */
        public String code() {
            return body.path("code").stringValue("");
        }

        /** A header; empty when there is none. */
        public String header(String name) {
            return headers.firstValue(name).orElse("");
        }
    }

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final int port;
    private final Contract contract;
    private final @Nullable String credentials;

    /** Without credentials. */
    public ContractClient(int port, Contract contract) {
        this(port, contract, null);
    }

    private ContractClient(int port, Contract contract, @Nullable String credentials) {
        this.port = port;
        this.contract = contract;
        this.credentials = credentials;
    }

    /** The same with an API key or a token. */
    public ContractClient as(String keyOrToken) {
        return new ContractClient(port, contract, keyOrToken);
    }

    public Answer get(String path) {
        return send("GET", path, null);
    }

    /**
     * @param body a record, map or tree
     */
    public Answer post(String path, Object body, String... headers) {
        return send("POST", path, body, headers);
    }

    /** A POST without a body. */
    public Answer post(String path) {
        return send("POST", path, null);
    }

    public Answer put(String path, Object body, String... headers) {
        return send("PUT", path, body, headers);
    }

    public Answer delete(String path, String... headers) {
        return send("DELETE", path, null, headers);
    }

    /**
     * Sends a request and holds its answer to the contract.
     *
     * @param headers names and values in turn
     */
    public Answer send(String method, String path, @Nullable Object body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
        byte[] bytes = body == null ? new byte[0] : Json.bytes(body);
        request.method(
                method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(bytes));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (credentials != null) {
            request.header("Authorization", "Bearer " + credentials);
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        HttpResponse<byte[]> response = send(request.build());
        boolean plain = body != null && !List.of(headers).contains("Content-Type");
        String type = response.headers().firstValue("Content-Type").orElse("");
        int query = path.indexOf('?');
        List<String> faults =
                contract.faults(
                        method,
                        query < 0 ? path : path.substring(0, query),
                        plain ? Json.tree(bytes) : null,
                        response.statusCode(),
                        type,
                        response.body());
        if (!faults.isEmpty()) {
            throw new AssertionError(String.join("\n", faults));
        }
        JsonNode answer =
                type.contains("json") && !type.contains("ndjson")
                        ? Json.tree(response.body())
                        : MissingNode.getInstance();
        return new Answer(response.statusCode(), response.headers(), answer);
    }

    private static HttpResponse<byte[]> send(HttpRequest request) {
        try {
            return HTTP.send(request, BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
