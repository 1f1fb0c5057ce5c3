package dev.jubilee.events.commands;

import dev.jubilee.events.Cause;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What somebody wants to be done. Its handler makes events of it with {@link
 * dev.jubilee.events.EventFactory#causedBy}, so that they have its correlation id and user, and its
 * id as their cause.
 *
 * @param id unique; whoever repeats a command repeats its id
 * @param type such as {@code guild.deposit}, by which its handler is found
 */
public record Command<P>(String id, String type, P payload, Metadata metadata) implements Cause {
    @Override
    public String correlationId() {
        return metadata.correlationId();
    }

    @Override
    public @Nullable String userId() {
        return metadata.userId();
    }

    /**
     * Who wants it, and what it belongs to.
     *
     * @param userId on whose behalf
     * @param timestamp when it was given
     * @param correlationId that of the events that it leads to, which are made by {@link
     *     dev.jubilee.events.EventFactory#causedBy}
     */
    public record Metadata(@Nullable String userId, Instant timestamp, String correlationId) {}
}
