package dev.jubilee.server.bus.topics;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import com.networknt.schema.regex.RegularExpression;
import dev.jubilee.server.http.Problem.FieldError;
import dev.jubilee.server.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The JSON Schema (2020-12) of a topic's payloads, compiled. References lead within the schema
 * only, and patterns are RE2's, whose time is linear in the text: a schema can neither fetch
 * anything nor hang a publisher. Formats are asserted. Thread-safe.
 */
public final class PayloadSchema {
    private static final String DIALECT = "https://json-schema.org/draft/2020-12/schema";
    private static final int MAX_FAULTS = 100;
    private static final Set<String> NAMES_THE_PROPERTY =
            Set.of(
                    "required",
                    "additionalProperties",
                    "unevaluatedProperties",
                    "dependentRequired");

    private final Schema schema;

    private PayloadSchema(Schema schema) {
        this.schema = schema;
    }

    /** Compiles a schema in which {@link #faultsOf} finds nothing. */
    static PayloadSchema compile(String text) {
        return new PayloadSchema(registry().getSchema(Json.tree(text)));
    }

    /** What is wrong with a text that should be a schema; empty when nothing is. */
    static List<String> faultsOf(String text) {
        JsonNode document;
        try {
            document = Json.tree(text);
        } catch (JacksonException e) {
            return List.of("must be JSON: " + Json.fault(e));
        }
        if (!document.isObject() && !document.isBoolean()) {
            return List.of("must be a JSON Schema, which is an object");
        }
        List<String> faults = new ArrayList<>();
        String dialect = document.path("$schema").asString(DIALECT);
        if (!dialect.equals(DIALECT)) {
            faults.add("must be JSON Schema 2020-12, says that it is " + dialect);
        }
        look(document, faults);
        if (faults.isEmpty()) {
            registry().getSchema(SchemaLocation.of(DIALECT)).validate(document).stream()
                    .limit(MAX_FAULTS)
                    .forEach(
                            error -> faults.add(path("schema", error) + ": " + error.getMessage()));
        }
        if (faults.isEmpty()) {
            String unbounded = SchemaExpansion.fault(document);
            if (unbounded == null) {
                tryOut(document, faults);
            } else {
                faults.add(unbounded);
            }
        }
        return faults;
    }

    /** A reference that leads nowhere shows only when it is followed. */
    private static void tryOut(JsonNode document, List<String> faults) {
        try {
            Schema compiled = registry().getSchema(document);
            compiled.initializeValidators();
            compiled.validate(Json.tree("{}"));
        } catch (RuntimeException | StackOverflowError e) {
            faults.add("cannot be compiled: " + e.getMessage());
        }
    }

    private static void look(JsonNode node, List<String> faults) {
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            JsonNode value = member.getValue();
            switch (member.getKey()) {
                case "$ref", "$dynamicRef" -> {
                    if (value.isString() && !value.stringValue().startsWith("#")) {
                        faults.add("refers to " + value + "; references stay within the schema");
                    }
                }
                case "pattern" -> {
                    if (value.isString()) {
                        pattern(value.stringValue(), faults);
                    }
                }
                case "patternProperties" ->
                        value.propertyNames().forEach(name -> pattern(name, faults));
                default -> {
                    // Nothing that could reach out or run long.
                }
            }
            look(value, faults);
        }
        if (node.isArray()) {
            node.forEach(entry -> look(entry, faults));
        }
    }

    private static void pattern(String text, List<String> faults) {
        try {
            Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            faults.add("has the pattern " + text + ", which RE2 does not take: " + e.getMessage());
        }
    }

    /** Every fault of a payload, each with its path; empty when there is none. */
    public List<FieldError> faults(byte[] payload) {
        JsonNode value;
        try {
            value = Json.foreignTree(payload);
        } catch (JacksonException e) {
            String message = "must be JSON on a topic with a schema: " + Json.fault(e);
            return List.of(new FieldError("payload", message));
        }
        List<Error> errors;
        try {
            errors = schema.validate(value);
        } catch (RuntimeException e) {
            // A number beyond what can be computed with, 1e400 say, is nothing that fits.
            return List.of(
                    new FieldError(
                            "payload", "cannot be checked against the schema: " + e.getMessage()));
        } catch (StackOverflowError e) {
            return List.of(
                    new FieldError(
                            "payload",
                            "cannot be checked against the schema: is nested too deeply"));
        }
        if (errors.isEmpty()) {
            return List.of();
        }
        return errors.stream()
                .limit(MAX_FAULTS)
                .map(error -> new FieldError(path("payload", error), error.getMessage()))
                .toList();
    }

    private static String path(String root, Error error) {
        StringBuilder path = new StringBuilder(root);
        NodePath place = error.getInstanceLocation();
        for (int i = 0; i < place.getNameCount(); i++) {
            switch (place.getElement(i)) {
                case Integer index -> path.append('[').append(index).append(']');
                case Object name -> path.append('.').append(name);
            }
        }
        if (error.getProperty() != null && NAMES_THE_PROPERTY.contains(error.getKeyword())) {
            path.append('.').append(error.getProperty());
        }
        return path.toString();
    }

    private static SchemaRegistry registry() {
        SchemaRegistryConfig config =
                SchemaRegistryConfig.builder()
                        .regularExpressionFactory(PayloadSchema::expression)
                        .formatAssertionsEnabled(true)
                        .locale(Locale.ENGLISH)
                        .build();
        return SchemaRegistry.withDefaultDialect(
                SpecificationVersion.DRAFT_2020_12,
                builder ->
                        builder.schemaRegistryConfig(config)
                                .schemaLoader(loader -> loader.fetchRemoteResources(false)));
    }

    private static RegularExpression expression(String pattern) {
        Pattern compiled = Pattern.compile(pattern);
        return text -> compiled.matcher(text).find();
    }
}
