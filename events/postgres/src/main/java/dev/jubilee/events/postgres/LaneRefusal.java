package dev.jubilee.events.postgres;

/**
 * A lane did not do what was asked, and has written nothing: to try again later is safe. An
 * expected answer under load, so it carries no stack trace.
 */
public final class LaneRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why a lane refuses. */
    public enum Reason {
        /** Too much is waiting, or more than its share of one key. */
        FULL,
        /** The submission was not committed within the time it had. */
        TOO_LATE,
        /** The lane has been closed. */
        CLOSED
    }

    private final Reason reason;

    LaneRefusal(String lane, Reason reason) {
        super("lane " + lane + ": " + reason, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
