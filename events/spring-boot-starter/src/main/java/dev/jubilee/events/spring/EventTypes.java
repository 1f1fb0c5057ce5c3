package dev.jubilee.events.spring;

import dev.jubilee.events.EventRegistry;

/**
 * Says which types of events the application knows. Every bean of this type is asked, in order; an
 * {@link EventRegistry} of the application's own takes the place of all.
 */
@FunctionalInterface
public interface EventTypes {
    void register(EventRegistry.Builder registry);
}
