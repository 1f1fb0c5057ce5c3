package dev.jubilee.events.store;

/**
 * Watches a subscription, for metrics and logs. Called on its thread: be short. What it throws is
 * logged and changes nothing.
 */
public interface SubscriptionListener {
    /** Watches nothing. */
    SubscriptionListener NONE = new SubscriptionListener() {};

    /** This instance is now the owner. */
    default void acquired(Checkpoints.Lease lease) {}

    /** Another has taken over, while this one was working or away. */
    default void fenced(Checkpoints.Lease lease) {}

    /** So many events were handled, and the checkpoint was moved to this position. */
    default void handled(int events, long position) {}

    /** A batch or a look failed and is tried again. */
    default void failed(Exception cause) {}
}
