package dev.jubilee.events;

/** What to do about a failure. */
public enum Reaction {
    /** Try again at once: whatever was in the way is gone, as after a conflict of two writers. */
    RETRY_NOW,
    /** Try again after a pause: something is down or overloaded. */
    BACK_OFF,
    /** Never try again: the event itself cannot be handled. */
    DEAD_LETTER
}
