package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.BusSettings;

/**
 * Something that the bus can run on. Every bean of this type can be chosen by its name with {@code
 * jubilee.events.transport}: a module with another transport offers one more.
 */
public interface BusTransport {
    /** As {@code jubilee.events.transport} has it, such as {@code kafka}. */
    String name();

    /** Whether the application says where its server is, and so wants it. */
    boolean isConfigured();

    /** Connects; called at most once. */
    EventBus open(EventCodec codec, BusSettings settings);

    /**
     * Returns if its server answers, for the health check.
     *
     * @param bus what was opened
     */
    default void check(EventBus bus) throws Exception {}
}
