package dev.jubilee.events.json;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.Priority;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an envelope has beyond its event: foreign extensions, and attributes other than those the
 * event would be given. They are carried by name, so that writing the event again makes the same
 * envelope. What a bus noted when it took the event over (when, and who made the id) is not:
 * whoever publishes the event again has it noted anew.
 */
final class CarriedAttributes {
    /** Stands for an attribute that the envelope does not have, where the event would give one. */
    private static final String ABSENT = "";

    private CarriedAttributes() {}

    /** What to carry beside the event that was read; the extensions are those not understood. */
    static Map<String, String> beside(
            BaseEvent event, Envelope envelope, Map<String, String> extensions) {
        Map<String, String> carried = new HashMap<>(extensions);
        String subject = event instanceof DomainEvent<?> domain ? domain.aggregateId() : null;
        difference(carried, "subject", envelope.subject(), subject);
        difference(carried, "partitionkey", envelope.partitionKey(), event.orderingKey());
        difference(
                carried,
                "correlationid",
                envelope.correlationId(),
                event.metadata().correlationId());
        difference(carried, "datacontenttype", envelope.contentType(), Envelope.JSON);
        if (envelope.priority() != Priority.NORMAL) {
            carried.put("priority", envelope.priority().wireName());
        }
        if (!envelope.replayable()) {
            carried.put("replayable", "false");
        }
        return carried;
    }

    /** The envelope with what was carried; its own extensions are overruled. */
    static Envelope restore(
            Envelope.Builder envelope,
            Map<String, String> carried,
            Map<String, String> extensions) {
        carried.forEach((name, value) -> {
            switch (name) {
                case "subject" -> envelope.subject(given(value));
                case "partitionkey" -> envelope.partitionKey(given(value));
                case "correlationid" -> envelope.correlationId(given(value));
                case "priority" -> envelope.priority(Priority.of(value));
                case "replayable" -> envelope.replayable(false);
                case "datacontenttype" -> {
                    // The data is put in with it below.
                }
                default -> extensions.put(name, value);
            }
        });
        Envelope built = envelope.extensions(extensions).build();
        String contentType = carried.get("datacontenttype");
        return contentType == null
                ? built
                : built.toBuilder().data(contentType, built.data()).build();
    }

    private static void difference(
            Map<String, String> carried,
            String name,
            @Nullable String found,
            @Nullable String given) {
        if (!Objects.equals(found, given)) {
            carried.put(name, found == null ? ABSENT : found);
        }
    }

    private static @Nullable String given(String value) {
        return value.equals(ABSENT) ? null : value;
    }
}
