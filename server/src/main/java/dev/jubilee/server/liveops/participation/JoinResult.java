package dev.jubilee.server.liveops.participation;

/** What came of a request to join. Every case is an answer a client can act on. */
public sealed interface JoinResult extends ParticipationResult {
    /** The player is in now. */
    record Joined(Participation participation) implements JoinResult {}

    /** The player was in already; nothing has changed. */
    record AlreadyJoined(Participation participation) implements JoinResult {}

    /** The player is not in. */
    record Refused(Reason reason) implements JoinResult {}

    /** Why a player is not let in. */
    enum Reason {
        NO_SUCH_EVENT,
        NOT_ACTIVE,
        FULL,
        REQUIREMENTS_NOT_MET
    }
}
