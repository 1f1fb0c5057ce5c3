package dev.jubilee.server.http;

import dev.jubilee.server.json.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a route answers. The body is bytes already, so that an event loop only sends it.
 *
 * @param contentType null when there is no body
 */
public record Reply(
        int status, @Nullable String contentType, byte[] body, Map<String, String> headers) {
    private static final byte[] NOTHING = {};
    private static final String JSON = "application/json";

    /** 200 with a JSON body: a record, a map or a tree. */
    public static Reply ok(Object body) {
        return json(200, Json.bytes(body));
    }

    /** 201 with a JSON body. */
    public static Reply created(Object body) {
        return json(201, Json.bytes(body));
    }

    /** 202 with a JSON body. */
    public static Reply accepted(Object body) {
        return json(202, Json.bytes(body));
    }

    /** 204. */
    public static Reply noContent() {
        return new Reply(204, null, NOTHING, Map.of());
    }

    /** Any status and content type, with no body. */
    public static Reply empty(int status, String contentType) {
        return new Reply(status, contentType, NOTHING, Map.of());
    }

    /** Any status with a JSON body that is bytes already. */
    public static Reply json(int status, byte[] body) {
        return new Reply(status, JSON, body, Map.of());
    }

    /** Any text. */
    public static Reply text(String contentType, String body) {
        return new Reply(
                200, contentType, body.getBytes(java.nio.charset.StandardCharsets.UTF_8), Map.of());
    }

    /** A refusal. */
    public static Reply problem(Problem problem, String correlationId) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "urn:jubilee:problem:" + problem.code());
        body.put("title", problem.title());
        body.put("status", problem.status());
        body.put("detail", problem.detail());
        body.put("code", problem.code());
        body.put("correlation_id", correlationId);
        if (!problem.errors().isEmpty()) {
            body.put("errors", problem.errors());
        }
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("X-Correlation-Id", correlationId);
        if (problem.retryAfter() != null) {
            long seconds = Math.max(1, (problem.retryAfter().toMillis() + 999) / 1000);
            headers.put("Retry-After", Long.toString(seconds));
        }
        if (problem.status() == 401) {
            headers.put("WWW-Authenticate", "Bearer");
        }
        return new Reply(problem.status(), "application/problem+json", Json.bytes(body), headers);
    }

    /** The same with one more header. */
    public Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, contentType, body, more);
    }
}
