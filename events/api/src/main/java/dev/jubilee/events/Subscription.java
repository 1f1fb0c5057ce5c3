package dev.jubilee.events;

/** A handler that gets events. Thread-safe. */
public interface Subscription extends AutoCloseable {
    /** The name that was given, or one made for this subscription alone. */
    String name();

    TopicPattern pattern();

    /** Whether it still gets events. */
    boolean isActive();

    /** Ends it, as {@link EventBus#unsubscribe} does. */
    @Override
    void close();
}
