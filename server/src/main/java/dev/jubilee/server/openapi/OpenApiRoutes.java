package dev.jubilee.server.openapi;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Limit;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * {@code GET /openapi}: the port's contract, as YAML, or as JSON when the client asks for it;
 * {@code /openapi.json} is always JSON. Every answer is of the same bytes.
 */
public final class OpenApiRoutes implements Routes {
    private final byte[] yaml;
    private volatile byte @Nullable [] json;

    private OpenApiRoutes(byte[] yaml) {
        this.yaml = yaml;
    }

    /** The contract of the bus. */
    public static OpenApiRoutes bus() {
        return new OpenApiRoutes(read("/openapi/bus.yaml"));
    }

    /** The contract of live-ops. */
    public static OpenApiRoutes liveops() {
        return new OpenApiRoutes(read("/openapi/liveops.yaml"));
    }

    @Override
    public void on(Router router) {
        router.get("/openapi", Access.ANYONE, this::negotiated)
                .limit(Limit.NONE)
                .get("/openapi.json", Access.ANYONE, call -> asJson())
                .limit(Limit.NONE);
    }

    private Reply negotiated(Call call) {
        String accept = call.header("Accept");
        boolean wantsJson = accept != null && accept.contains("json") && !accept.contains("yaml");
        Reply reply = wantsJson ? asJson() : new Reply(200, "application/yaml", yaml, Map.of());
        return reply.with("Vary", "Accept");
    }

    /** Translated at the first request: reading YAML would make every start slower. */
    private Reply asJson() {
        byte[] bytes = json;
        if (bytes == null) {
            JsonNode document = new YAMLMapper().readTree(yaml);
            bytes = Json.bytes(document);
            json = bytes;
        }
        return Reply.json(200, bytes);
    }

    private static byte[] read(String resource) {
        try (InputStream stream = OpenApiRoutes.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException("the program lacks its resource " + resource);
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
