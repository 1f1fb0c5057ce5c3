package dev.jubilee.events;

import org.jspecify.annotations.Nullable;

/**
 * What leads to events: another event, or a command. {@link EventFactory#causedBy} hands on what it
 * says.
 */
public interface Cause {
    /** Unique; the causation id of what it leads to. */
    String id();

    /** What it belongs to, and with it all that it leads to. */
    String correlationId();

    /** On whose behalf. */
    @Nullable String userId();
}
