package dev.jubilee.events.postgres.store;

import dev.jubilee.events.postgres.LaneRefusal;
import dev.jubilee.events.postgres.OutcomeUnknown;
import dev.jubilee.events.postgres.SqlFailure;
import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.EventStoreUnavailable;
import java.sql.SQLException;

/** What a failure means to those who use a store. */
final class Failures {
    /** By somebody, or because it took too long. */
    private static final String CANCELLED = "57014";

    private Failures() {}

    static RuntimeException of(String what, Throwable cause) {
        boolean passes =
                cause instanceof LaneRefusal
                        || cause instanceof OutcomeUnknown
                        || (cause instanceof SQLException sql && passes(sql));
        String message = what + ": " + cause.getMessage();
        return passes
                ? new EventStoreUnavailable(message, cause)
                : new EventStoreFailure(message, cause);
    }

    private static boolean passes(SQLException failure) {
        String state = failure.getSQLState();
        return state == null // of a driver or a pool, which does not blame the statement
                || SqlFailure.of(failure) != SqlFailure.FAULT
                || state.equals(CANCELLED);
    }
}
