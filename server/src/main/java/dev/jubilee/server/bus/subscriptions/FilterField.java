package dev.jubilee.server.bus.subscriptions;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.server.bus.filters.EventFilter;
import dev.jubilee.server.bus.filters.InvalidFilterException;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.json.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Fields of a request that are JSON, or the text of it, and among them filters. */
final class FilterField {
    private FilterField() {}

    /** The field's value, or what its text says; null when it is not there, or no JSON. */
    static @Nullable JsonNode tree(Input body, String name) {
        JsonNode given = body.optionalValue(name);
        if (given == null || !given.isString()) {
            return given;
        }
        try {
            return Json.foreignTree(given.stringValue().getBytes(UTF_8));
        } catch (JacksonException e) {
            body.reject(name, "is text that is not JSON: " + Json.fault(e));
            return null;
        }
    }

    /** Compiles what the field {@code filter} holds; null when it has faults, which are named. */
    static @Nullable EventFilter compile(Input body, JsonNode filter) {
        try {
            return EventFilter.of(filter);
        } catch (InvalidFilterException e) {
            for (InvalidFilterException.Fault fault : e.faults()) {
                String path = fault.path().isEmpty() ? "filter" : "filter." + fault.path();
                body.reject(path, fault.message());
            }
            return null;
        }
    }
}
