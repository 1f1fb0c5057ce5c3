package dev.jubilee.server.liveops.rewards;

/** The result of a claim. Every case is an answer a client can act on. */
public sealed interface ClaimResult {
    /** The player has it from now on. */
    record Claimed(Grant grant) implements ClaimResult {}

    /** The player had claimed it before; nothing has changed. */
    record AlreadyClaimed(Grant grant) implements ClaimResult {}

    /** The player does not get it. */
    record Refused(Reason reason) implements ClaimResult {}

    /** Why a claim is refused. */
    enum Reason {
        NO_SUCH_EVENT,
        NO_SUCH_REWARD,
        NOT_EARNED,
        /** Others have claimed as many as there are. */
        EXHAUSTED,
        EXPIRED
    }
}
