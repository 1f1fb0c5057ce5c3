package dev.jubilee.server.liveops.participation;

/** What came of a request to leave. */
public sealed interface LeaveResult extends ParticipationResult {
    /**
     * The player is not in.
     *
     * @param wasIn false when it had left before, or never joined
     */
    record Left(boolean wasIn) implements LeaveResult {}

    /** Nothing has changed. */
    record Refused(Reason reason) implements LeaveResult {}

    /** Why a player cannot leave. */
    enum Reason {
        NO_SUCH_EVENT,
        /** What was reached in it stands. */
        ENDED
    }
}
