package dev.jubilee.events.postgres.store;

import dev.jubilee.events.postgres.LaneRefusal;
import dev.jubilee.events.postgres.OutcomeUnknown;
import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.EventStoreUnavailable;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import org.jspecify.annotations.Nullable;

/** What a failure means to those who use a store. */
final class Failures {
    private Failures() {}

    static RuntimeException of(String what, Throwable cause) {
        boolean passes =
                cause instanceof LaneRefusal
                        || cause instanceof OutcomeUnknown
                        || cause instanceof SQLTransientException
                        || (cause instanceof SQLException sql && passes(sql.getSQLState()));
        String message = what + ": " + cause.getMessage();
        return passes
                ? new EventStoreUnavailable(message, cause)
                : new EventStoreFailure(message, cause);
    }

    /** Connection, rollback by a conflict, resources, operator intervention, system error. */
    private static boolean passes(@Nullable String state) {
        return state == null
                || state.startsWith("08")
                || state.startsWith("40")
                || state.startsWith("53")
                || state.startsWith("57")
                || state.startsWith("58")
                || state.equals("25006");
    }
}
