package dev.jubilee.events;

import java.time.Instant;

/**
 * A fact about one aggregate, such as a guild. Its ordering key is the aggregate's id.
 *
 * @param version the aggregate's version after this event; 0 until an event store gave it one
 * @param aggregateType such as {@code guild}
 * @param data what happened, of the class that the {@link EventRegistry} has for the type
 */
public record DomainEvent<D>(
        String id,
        String type,
        Instant timestamp,
        long version,
        EventMetadata metadata,
        String aggregateId,
        String aggregateType,
        D data)
        implements BaseEvent {

    public DomainEvent {
        Requirements.identity(id, type, version);
        Requirements.text("aggregateId", aggregateId);
        Requirements.text("aggregateType", aggregateType);
    }

    @Override
    public String orderingKey() {
        return aggregateId;
    }

    @Override
    public DomainEvent<D> withMetadata(EventMetadata other) {
        return new DomainEvent<>(
                id, type, timestamp, version, other, aggregateId, aggregateType, data);
    }

    /** The same event at this place of its stream. */
    public DomainEvent<D> withVersion(long other) {
        return new DomainEvent<>(
                id, type, timestamp, other, metadata, aggregateId, aggregateType, data);
    }
}
