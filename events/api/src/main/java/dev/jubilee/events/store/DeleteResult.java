package dev.jubilee.events.store;

/** What came of deleting a stream. */
public sealed interface DeleteResult {
    /** The stream is deleted, by this call or by an earlier one. */
    record Deleted() implements DeleteResult {}

    /** There is no such stream. */
    record NotFound() implements DeleteResult {}

    /**
     * The stream has another version than was expected, and is still there.
     *
     * @param actualVersion the version of the stream's last event
     */
    record Conflict(long actualVersion) implements DeleteResult {}
}
