package dev.jubilee.server.testing;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.jubilee.server.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The OpenAPI document of a port, as a judge of what went over the wire. Thread-safe. */
public final class Contract {
    private static final List<String> METHODS = List.of("get", "post", "put", "patch", "delete");

    private final String name;
    private final JsonNode document;
    private final SchemaRegistry registry =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Map<JsonNode, Schema> schemas = new ConcurrentHashMap<>();

    private Contract(String name) {
        this.name = name;
        this.document = read("/openapi/" + name + ".yaml");
    }

    /** The contract of 8083. */
    public static Contract bus() {
        return new Contract("bus");
    }

    /** The contract of 8092. */
    public static Contract liveops() {
        return new Contract("liveops");
    }

    /** The document itself. */
    public JsonNode document() {
        return document;
    }

    /** Every operation, as {@code GET /events/{event_id}}. */
    public Set<String> operations() {
        Set<String> operations = new TreeSet<>();
        for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
            for (String method : METHODS) {
                if (path.getValue().has(method)) {
                    operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
                }
            }
        }
        return operations;
    }

    /** The query parameters of every operation. */
    public Map<String, Set<String>> queries() {
        Map<String, Set<String>> queries = new TreeMap<>();
        for (String operation : operations()) {
            int space = operation.indexOf(' ');
            JsonNode path = document.path("paths").path(operation.substring(space + 1));
            String method = operation.substring(0, space).toLowerCase(Locale.ROOT);
            Set<String> names = new TreeSet<>();
            for (JsonNode parameter : path.path(method).path("parameters")) {
                JsonNode resolved = resolve(parameter);
                if (resolved.path("in").stringValue("").equals("query")) {
                    names.add(resolved.path("name").stringValue());
                }
            }
            queries.put(operation, names);
        }
        return queries;
    }

    /**
     * Judges a request and its answer.
     *
     * @param path without the query
     * @param sent the body of the request; null when there was none
     * @param contentType of the answer; empty when it has none
     * @return what is wrong with them; empty when nothing is
     */
    public List<String> faults(
            String method,
            String path,
            @Nullable JsonNode sent,
            int status,
            String contentType,
            byte[] answer) {
        JsonNode operation = operation(method, path);
        String what = name + ": " + method + " " + path + " " + status;
        if (operation == null) {
            // What no document has is refused as such, and with a problem like everything else.
            return status == 404 || status == 405
                    ? List.of()
                    : List.of(what + ": there is no such operation in the document");
        }
        JsonNode response = resolve(operation.path("responses").path(Integer.toString(status)));
        if (response.isMissingNode()) {
            return List.of(what + ": the status is not declared");
        }
        List<String> faults = new ArrayList<>();
        body(what, response.path("content"), contentType, answer, faults);
        if (sent != null && status < 300) {
            JsonNode declared =
                    resolve(operation.path("requestBody"))
                            .path("content")
                            .path("application/json")
                            .path("schema");
            if (declared.isMissingNode()) {
                faults.add(what + ": took a JSON body that is not declared");
            } else {
                judge(what + ": accepted a request with", declared, sent, faults);
            }
        }
        return faults;
    }

    private void body(
            String what, JsonNode content, String contentType, byte[] answer, List<String> faults) {
        int semicolon = contentType.indexOf(';');
        String type = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
        if (content.isMissingNode() || content.isEmpty()) {
            if (answer.length > 0) {
                faults.add(what + ": has a body, but none is declared");
            }
        } else if (!content.has(type)) {
            faults.add(what + ": answers \"" + type + "\", declared is " + content.propertyNames());
        } else if (type.endsWith("/json") || type.endsWith("+json")) {
            judge(what + ": has", content.path(type).path("schema"), Json.tree(answer), faults);
        }
    }

    private void judge(String what, JsonNode schema, JsonNode value, List<String> faults) {
        schemas.computeIfAbsent(schema, this::compile)
                .validate(
                        value,
                        execution ->
                                execution.executionConfig(c -> c.formatAssertionsEnabled(true)))
                .forEach(error -> faults.add(what + " " + error + " in " + value));
    }

    /** A schema of the document as a document of its own, in which references still lead on. */
    private Schema compile(JsonNode schema) {
        ObjectNode whole = JsonNodeFactory.instance.objectNode();
        whole.setAll((ObjectNode) schema);
        whole.set("components", document.path("components"));
        return registry.getSchema(whole);
    }

    private JsonNode resolve(JsonNode node) {
        JsonNode ref = node.path("$ref");
        return ref.isString() ? document.at(ref.stringValue().substring(1)) : node;
    }

    /** The operation of a concrete path; a literal segment wins over a parameter. */
    private @Nullable JsonNode operation(String method, String path) {
        JsonNode best = null;
        int fewest = Integer.MAX_VALUE;
        for (Map.Entry<String, JsonNode> template : document.path("paths").properties()) {
            int parameters = parameters(template.getKey(), path);
            JsonNode found = template.getValue().path(method.toLowerCase(Locale.ROOT));
            if (parameters >= 0 && parameters < fewest && !found.isMissingNode()) {
                best = found;
                fewest = parameters;
            }
        }
        return best;
    }

    /** How many parameters it takes to match; -1 when it does not. */
    private static int parameters(String template, String path) {
        String[] expected = template.split("/", -1);
        String[] given = path.split("/", -1);
        if (expected.length != given.length) {
            return -1;
        }
        int parameters = 0;
        for (int i = 0; i < expected.length; i++) {
            if (expected[i].startsWith("{")) {
                parameters++;
            } else if (!expected[i].equals(given[i])) {
                return -1;
            }
        }
        return parameters;
    }

    private static JsonNode read(String resource) {
        try (InputStream stream = Contract.class.getResourceAsStream(resource)) {
            return new YAMLMapper().readTree(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
