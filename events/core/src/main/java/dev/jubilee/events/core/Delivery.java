package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;

/**
 * One event on its way to one handler, as a transport gives it to a {@link Dispatcher}. Exactly one
 * of {@link #settled} and {@link #returned} is called, once, by the dispatcher's thread.
 */
public interface Delivery {
    /** Deliveries of one key stay in order; known also of an event that cannot be read. */
    String key();

    /**
     * The event.
     *
     * @throws dev.jubilee.events.UnreadableEventException if it cannot be read
     */
    BaseEvent event();

    /** Whether it is still to be handled here; if not, it is {@link #returned}. */
    default boolean isOurs() {
        return true;
    }

    /** It is done with: handled, not wanted, a dead letter, or dropped. */
    void settled();

    /**
     * It was not handled, and the subscription ends here: to be delivered again elsewhere.
     *
     * @return false if it is not, so that it is lost
     */
    boolean returned();

    /** How much memory it takes while it waits; 0 if the transport does not know. */
    default int bytes() {
        return 0;
    }
}
