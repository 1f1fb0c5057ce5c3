package dev.jubilee.events.commands;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What somebody wants to be done.
 *
 * @param id unique; whoever repeats a command repeats its id
 * @param type such as {@code guild.deposit}, by which its handler is found
 */
public record Command<P>(String id, String type, P payload, Metadata metadata) {
    /**
     * Who wants it, and what it belongs to.
     *
     * @param userId on whose behalf
     * @param timestamp when it was given
     * @param correlationId handed on to the events that it leads to
     */
    public record Metadata(@Nullable String userId, Instant timestamp, String correlationId) {}
}
