package dev.jubilee.events;

/**
 * Turns events into envelopes and back. What {@link #decode} cannot place is kept in the event's
 * {@link UnknownFields}, and {@link #encode} writes it again. Thread-safe.
 */
public interface EventCodec {
    /**
     * The event as it travels: its payload at the current schema version, its {@link
     * BaseEvent#orderingKey} as the partition key.
     *
     * @throws IllegalArgumentException if its payload cannot be written, or is of another class
     *     than its type is registered with
     */
    Envelope encode(BaseEvent event);

    /**
     * The event that the envelope carries, its payload brought to the current schema version. The
     * payload of a type that is not registered is a {@code Map} of plain values. An envelope that
     * says no kind, from a program without this library, is an {@link IntegrationEvent} of its
     * source.
     *
     * @throws UnreadableEventException if its payload is not what its type says
     */
    BaseEvent decode(Envelope envelope);
}
