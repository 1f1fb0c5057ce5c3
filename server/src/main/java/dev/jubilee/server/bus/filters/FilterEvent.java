package dev.jubilee.server.bus.filters;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An event as filters see it: {@code event_id}, {@code event_type}, {@code topic}, {@code source},
 * {@code subject}, {@code key}, {@code priority}, {@code correlation_id}, {@code causation_id},
 * {@code timestamp}, and the payload as {@code data} and as {@code payload}. A payload that is no
 * JSON is not there.
 */
public final class FilterEvent {
    private static final Map<String, String> ALIASES =
            Map.of(
                    "id", "event_id",
                    "type", "event_type",
                    "time", "timestamp",
                    "partition_key", "key",
                    "partitionkey", "key",
                    "correlationid", "correlation_id",
                    "causationid", "causation_id");

    private FilterEvent() {}

    /** The event as it stands on the topic. */
    public static JsonNode of(String topic, Envelope event) {
        ObjectNode view = Json.mapper().createObjectNode();
        view.put("event_id", event.id());
        view.put("event_type", event.type());
        view.put("topic", topic);
        view.put("source", event.source());
        view.put("priority", event.priority().wireName());
        optional(view, "subject", event.subject());
        optional(view, "key", event.partitionKey());
        optional(view, "correlation_id", event.correlationId());
        optional(view, "causation_id", event.causationId());
        view.put("timestamp", event.time().toString());
        for (Map.Entry<String, String> extension : event.extensions().entrySet()) {
            view.putIfAbsent(extension.getKey(), view.stringNode(extension.getValue()));
        }
        JsonNode data = payload(event.data());
        if (data != null) {
            view.set("data", data);
            view.set("payload", data);
        }
        return view;
    }

    /**
     * A sample as it was given: a CloudEvent, the body of a publish request, or an event as the bus
     * answers it. What these name otherwise has the names above.
     */
    public static JsonNode ofSample(JsonNode sample) {
        ObjectNode view = Json.mapper().createObjectNode();
        sample.forEachEntry((name, value) -> {
            String known = ALIASES.getOrDefault(name, name);
            if (known.equals(name) || !sample.has(known)) {
                view.set(known, value);
            }
        });
        JsonNode data = view.has("data") ? view.get("data") : view.get("payload");
        if (data != null && data.isString()) {
            JsonNode read = payload(data.stringValue().getBytes(StandardCharsets.UTF_8));
            data = read == null ? data : read;
        }
        if (data != null) {
            view.set("data", data);
            view.set("payload", data);
        }
        return view;
    }

    private static @Nullable JsonNode payload(byte[] data) {
        if (data.length == 0) {
            return null;
        }
        try {
            return Json.tree(data);
        } catch (JacksonException e) {
            return null;
        }
    }

    private static void optional(ObjectNode view, String name, @Nullable String value) {
        if (value != null) {
            view.put(name, value);
        }
    }
}
