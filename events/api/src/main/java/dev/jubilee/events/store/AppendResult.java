package dev.jubilee.events.store;

/** What came of saving events. Every case is an answer that a caller can act on. */
public sealed interface AppendResult {
    /**
     * The events are stored.
     *
     * @param version of the last of them
     * @param position of the last of them
     */
    record Appended(long version, long position) implements AppendResult {}

    /**
     * These very events (by their ids) are in the stream already, at the versions that this append
     * would have given them: an earlier try succeeded. Nothing was written.
     *
     * @param version of the last of them
     * @param position of the last of them
     */
    record Duplicate(long version, long position) implements AppendResult {}

    /**
     * Another was faster. Nothing was written; read the stream again and decide again.
     *
     * @param actualVersion the version of the stream's last event; 0 if it has none
     */
    record Conflict(long actualVersion) implements AppendResult {}

    /** The stream was deleted, and its name cannot be used again. Nothing was written. */
    record StreamDeleted() implements AppendResult {}
}
