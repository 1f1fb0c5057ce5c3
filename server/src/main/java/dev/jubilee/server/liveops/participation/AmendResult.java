package dev.jubilee.server.liveops.participation;

/** What came of setting a participation by hand. */
sealed interface AmendResult {
    /**
     * As it stands now.
     *
     * @param wasCompleted whether it was completed before this
     */
    record Amended(ParticipantView participant, boolean wasCompleted) implements AmendResult {}

    /** Nothing has changed. */
    record Refused(Reason reason) implements AmendResult {}

    /** Why it is not set. */
    enum Reason {
        NOT_ACTIVE,
        NOT_IN
    }
}
