package dev.jubilee.events.json;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventMetadata;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventType;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.UnknownFields;
import dev.jubilee.events.UnreadableEventException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Events with JSON payloads. What CloudEvents has no attribute for travels as extensions: {@code
 * kind} ({@code domain}, {@code integration}, {@code system}), {@code schemaversion} (without it
 * the first), {@code environment}, {@code userid}, {@code streamversion}, and of each kind its own:
 * {@code aggregatetype} (the aggregate's id is the subject), {@code service} and {@code action},
 * {@code level} and {@code component}. The data is the payload; of a system event its message and
 * details.
 *
 * <p>Payload classes are read and written by Jackson, records best of all. Fields that a class does
 * not have are kept, at any depth, unless the class itself tells Jackson to ignore them; what an
 * upcaster leaves behind counts as such. Thread-safe.
 */
public final class JsonEventCodec implements EventCodec {
    private static final int FIRST_VERSION = 1;

    private final EventRegistry registry;
    private final Payloads payloads;

    /** Payloads as Jackson reads and writes them by default. */
    public JsonEventCodec(EventRegistry registry) {
        this(registry, new JsonMapper());
    }

    /** Payloads as this mapper reads and writes them. */
    public JsonEventCodec(EventRegistry registry, JsonMapper mapper) {
        this.registry = registry;
        this.payloads = new Payloads(mapper);
    }

    @Override
    public Envelope encode(BaseEvent event) {
        EventMetadata metadata = event.metadata();
        Map<String, String> extensions = new HashMap<>();
        extensions.put("environment", metadata.environment());
        put(extensions, "userid", metadata.userId());
        if (event.version() > 0) {
            extensions.put("streamversion", Long.toString(event.version()));
        }
        String subject = null;
        byte[] data;
        switch (event) {
            case DomainEvent<?> domain -> {
                extensions.put("kind", "domain");
                extensions.put("aggregatetype", domain.aggregateType());
                subject = domain.aggregateId();
                data = payload(domain, domain.data(), extensions);
            }
            case IntegrationEvent<?> integration -> {
                extensions.put("kind", "integration");
                extensions.put("service", integration.service());
                extensions.put("action", integration.action());
                data = payload(integration, integration.payload(), extensions);
            }
            case SystemEvent system -> {
                extensions.put("kind", "system");
                extensions.put("level", system.level().wireName());
                extensions.put("component", system.component());
                data = payloads.write(SystemPayload.of(system), metadata.unknown().payload());
            }
        }
        Envelope.Builder envelope =
                Envelope.of(event.id(), event.type(), metadata.source(), event.timestamp())
                        .subject(subject)
                        .partitionKey(event.orderingKey())
                        .json(data)
                        .correlationId(metadata.correlationId())
                        .causationId(metadata.causationId());
        return CarriedAttributes.restore(envelope, metadata.unknown().attributes(), extensions);
    }

    @Override
    public BaseEvent decode(Envelope envelope) {
        try {
            return read(envelope);
        } catch (RuntimeException e) { // also of an upcaster or a payload's own code
            throw new UnreadableEventException(
                    "%s %s: %s".formatted(envelope.type(), envelope.id(), e.getMessage()), e);
        }
    }

    private byte[] payload(BaseEvent event, Object payload, Map<String, String> extensions) {
        EventType<?> type = registry.named(event.type()).orElse(null);
        if (type != null) {
            if (!type.payload().isInstance(payload)) {
                throw new IllegalArgumentException(
                        "the payload of %s is registered as %s, was %s"
                                .formatted(
                                        event.type(),
                                        type.payload().getName(),
                                        payload.getClass().getName()));
            }
            extensions.put("schemaversion", Integer.toString(type.schemaVersion()));
        }
        return payloads.write(payload, event.metadata().unknown().payload());
    }

    private BaseEvent read(Envelope envelope) {
        Map<String, String> extensions = new HashMap<>(envelope.extensions());
        String environment =
                Objects.requireNonNullElse(extensions.remove("environment"), "unknown");
        String userId = extensions.remove("userid");
        long version = number("streamversion", extensions.remove("streamversion"), 0);
        String kind = Objects.requireNonNullElse(extensions.remove("kind"), "foreign");
        Parts parts =
                new Parts(envelope, extensions, version, payloadOf(kind, envelope, extensions));
        BaseEvent event =
                switch (kind) {
                    case "domain" -> domain(parts);
                    case "integration" -> integration(parts);
                    case "system" -> system(parts);
                    case "foreign" -> foreign(parts);
                    default ->
                            throw new IllegalArgumentException(
                                    "expected a kind of domain, integration or system, was '"
                                            + kind
                                            + "'");
                };
        String correlation = envelope.correlationId();
        EventMetadata metadata =
                new EventMetadata(
                        correlation == null || correlation.isEmpty() ? envelope.id() : correlation,
                        envelope.causationId(),
                        userId,
                        envelope.source(),
                        environment,
                        UnknownFields.NONE);
        BaseEvent known = event.withMetadata(metadata);
        Map<String, String> attributes = CarriedAttributes.beside(known, envelope, extensions);
        Map<String, @Nullable Object> unknown = parts.payload.unknown();
        return attributes.isEmpty() && unknown.isEmpty()
                ? known
                : known.withMetadata(metadata.withUnknown(new UnknownFields(attributes, unknown)));
    }

    /** What was found in an envelope; extensions are taken out as they are understood. */
    private record Parts(
            Envelope envelope,
            Map<String, String> extensions,
            long version,
            Payloads.Read payload) {
        /** Stands in until the rest is read. */
        private static final EventMetadata LATER = EventMetadata.of("-", "-", "-");

        String take(String extension) {
            String value = extensions.remove(extension);
            if (value == null || value.isEmpty()) {
                throw new IllegalArgumentException("the attribute '" + extension + "' is missing");
            }
            return value;
        }
    }

    private Payloads.Read payloadOf(
            String kind, Envelope envelope, Map<String, String> extensions) {
        if (kind.equals("system")) {
            return payloads.read(envelope, SystemPayload.class, tree -> {});
        }
        EventType<?> type = registry.named(envelope.type()).orElse(null);
        if (type == null) {
            return payloads.readPlain(envelope);
        }
        String said = extensions.remove("schemaversion");
        long written = number("schemaversion", said, FIRST_VERSION);
        if (written < FIRST_VERSION || written > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "the attribute 'schemaversion' must be 1 to %d, was %d"
                            .formatted(Integer.MAX_VALUE, written));
        }
        int from = (int) written;
        if (said != null && from > type.schemaVersion()) {
            // Newer than this program: its fields are carried along, and so is its version.
            extensions.put("schemaversion", said);
        }
        return from < type.schemaVersion()
                ? payloads.read(envelope, type.payload(), tree -> registry.upcast(type, from, tree))
                : payloads.read(envelope, type.payload());
    }

    private static DomainEvent<?> domain(Parts parts) {
        Envelope envelope = parts.envelope;
        return new DomainEvent<>(
                envelope.id(),
                envelope.type(),
                envelope.time(),
                parts.version,
                Parts.LATER,
                Objects.requireNonNullElse(envelope.subject(), ""),
                parts.take("aggregatetype"),
                parts.payload.value());
    }

    private static IntegrationEvent<?> integration(Parts parts) {
        Envelope envelope = parts.envelope;
        return new IntegrationEvent<>(
                envelope.id(),
                envelope.type(),
                envelope.time(),
                parts.version,
                Parts.LATER,
                parts.take("service"),
                parts.take("action"),
                parts.payload.value());
    }

    private static SystemEvent system(Parts parts) {
        Envelope envelope = parts.envelope;
        SystemPayload payload = (SystemPayload) parts.payload.value();
        return new SystemEvent(
                envelope.id(),
                envelope.type(),
                envelope.time(),
                parts.version,
                Parts.LATER,
                SystemEvent.Level.of(parts.take("level")),
                parts.take("component"),
                payload.message() == null ? "" : payload.message(),
                payload.details() == null ? Map.of() : payload.details());
    }

    private static IntegrationEvent<?> foreign(Parts parts) {
        Envelope envelope = parts.envelope;
        return new IntegrationEvent<>(
                envelope.id(),
                envelope.type(),
                envelope.time(),
                parts.version,
                Parts.LATER,
                envelope.source(),
                envelope.type(),
                parts.payload.value());
    }

    private static void put(Map<String, String> extensions, String name, @Nullable String value) {
        if (value != null) {
            extensions.put(name, value);
        }
    }

    private static long number(String attribute, @Nullable String value, long missing) {
        try {
            return value == null ? missing : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "the attribute '" + attribute + "' must be a number, was '" + value + "'", e);
        }
    }
}
