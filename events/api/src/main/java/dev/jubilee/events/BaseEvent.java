package dev.jubilee.events;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened, as a program that embeds the library sees it; {@link Envelope} is the
 * same thing as it travels, and an {@link EventCodec} turns one into the other. Every kind is an
 * immutable record.
 */
public sealed interface BaseEvent extends Cause permits DomainEvent, IntegrationEvent, SystemEvent {
    /** Unique for its source; the same when the event is delivered again. */
    @Override
    String id();

    /** What happened, such as {@code guild.gold.deposited}: dotted, for {@link TopicPattern}. */
    String type();

    /** When it happened, by the clock of who published it. */
    Instant timestamp();

    /**
     * Where the event stands in its stream, from 1; 0 while it is in none. Not the version of its
     * payload's schema, which the {@link EventRegistry} knows.
     */
    long version();

    EventMetadata metadata();

    @Override
    default String correlationId() {
        return metadata().correlationId();
    }

    @Override
    default @Nullable String userId() {
        return metadata().userId();
    }

    /** Events of one key stay in order, on transports that keep order at all. */
    String orderingKey();

    /** The same event with other metadata. */
    BaseEvent withMetadata(EventMetadata other);
}
