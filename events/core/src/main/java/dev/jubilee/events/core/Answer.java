package dev.jubilee.events.core;

/** What a {@link Dispatcher} says to a delivery that does not wait. */
public enum Answer {
    /** It is the dispatcher's now. */
    TAKEN,
    /** There is no room at present, or the dispatcher has ended. */
    FULL,
    /**
     * Its key waits for a retry, with as many behind it as are kept in memory; others are taken.
     */
    KEY_FULL
}
