package dev.jubilee.events;

import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the events of one program: with an id (UUID version 7), the time, the type's name from the
 * registry, and the metadata of where they come from. Thread-safe.
 */
public final class EventFactory {
    private final EventRegistry registry;
    private final InstantSource clock;
    private final EventId ids;
    private final String source;
    private final String environment;
    private final @Nullable EventMetadata context;

    /** Events of this source and environment; each begins a correlation of its own. */
    public EventFactory(
            EventRegistry registry, InstantSource clock, String source, String environment) {
        this(registry, clock, new EventId(clock), source, environment, null);
    }

    private EventFactory(
            EventRegistry registry,
            InstantSource clock,
            EventId ids,
            String source,
            String environment,
            @Nullable EventMetadata context) {
        this.registry = registry;
        this.clock = clock;
        this.ids = ids;
        this.source = source;
        this.environment = environment;
        this.context = context;
    }

    /**
     * Makes what an event or a command leads to: same correlation and user, and it as the cause.
     */
    public EventFactory causedBy(Cause cause) {
        return with(EventMetadata.of("-", source, environment).causedBy(cause));
    }

    /** Makes events with this metadata. */
    public EventFactory with(EventMetadata metadata) {
        return new EventFactory(registry, clock, ids, source, environment, metadata);
    }

    /**
     * A fact about an aggregate; its version is given by the event store.
     *
     * @throws IllegalArgumentException if the data's class is not registered
     */
    public <D> DomainEvent<D> domain(String aggregateType, String aggregateId, D data) {
        String id = ids.next().toString();
        return new DomainEvent<>(
                id,
                typeOf(data),
                clock.instant(),
                0,
                metadata(id),
                aggregateId,
                aggregateType,
                data);
    }

    /**
     * What this program tells others.
     *
     * @throws IllegalArgumentException if the payload's class is not registered
     */
    public <P> IntegrationEvent<P> integration(String service, String action, P payload) {
        String id = ids.next().toString();
        return new IntegrationEvent<>(
                id, typeOf(payload), clock.instant(), 0, metadata(id), service, action, payload);
    }

    /** What a component says about itself; its type is {@code system.<component>}. */
    public SystemEvent system(
            SystemEvent.Level level,
            String component,
            String message,
            Map<String, @Nullable Object> details) {
        String id = ids.next().toString();
        return new SystemEvent(
                id,
                "system." + component,
                clock.instant(),
                0,
                metadata(id),
                level,
                component,
                message,
                details);
    }

    private String typeOf(Object payload) {
        return registry.typeOf(payload.getClass()).name();
    }

    private EventMetadata metadata(String id) {
        return context == null ? EventMetadata.of(id, source, environment) : context;
    }
}
