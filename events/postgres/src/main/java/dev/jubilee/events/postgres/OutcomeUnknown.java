package dev.jubilee.events.postgres;

/**
 * The connection broke during the commit, and PostgreSQL did not come back in time to say whether
 * it was done. Whoever tries again must do so in a way that a repetition does not double.
 */
public final class OutcomeUnknown extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutcomeUnknown(String lane, Throwable cause) {
        super("lane " + lane + ": the connection broke during the commit", cause);
    }
}
