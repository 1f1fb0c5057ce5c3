package dev.jubilee.events.postgres;

import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a failure on PostgreSQL means for what was tried, by its SQLSTATE. */
public enum SqlFailure {
    /** Two transactions were in each other's way; the same again may well succeed. */
    CONFLICT,
    /** PostgreSQL cannot serve at present; the same again succeeds once it can. */
    TROUBLE,
    /** The statement or its data are at fault; the same again fails again. */
    FAULT;

    private static final Set<String> TROUBLES =
            // shutdown, crash, starting up, dropped, idle timeouts, read-only (a fail-over is
            // under way)
            Set.of("57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25006");

    /** Judges by the first SQL exception among the causes; without one it is a fault. */
    public static SqlFailure of(Throwable failure) {
        SQLException sql = sqlException(failure);
        String state = sql == null ? null : sql.getSQLState();
        if (state == null) {
            return sql instanceof SQLTransientException ? TROUBLE : FAULT;
        }
        // 40: rolled back for another's sake; 55P03: a lock was not to be had
        if (state.startsWith("40") || state.equals("55P03")) {
            return CONFLICT;
        }
        // 08: connection; 53: insufficient resources; 58: an error of the system around it
        boolean trouble =
                sql instanceof SQLTransientException
                        || state.startsWith("08")
                        || state.startsWith("53")
                        || state.startsWith("58")
                        || TROUBLES.contains(state);
        return trouble ? TROUBLE : FAULT;
    }

    /**
     * Whether a commit that failed like this may have been done all the same: the connection broke,
     * so its answer is missing. An error that PostgreSQL itself reports is an answer.
     */
    static boolean leavesCommitUnknown(SQLException failure) {
        String state = failure.getSQLState();
        return state == null || state.startsWith("08") || state.startsWith("57P");
    }

    private static @Nullable SQLException sqlException(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                return sql;
            }
        }
        return null;
    }
}
