package dev.jubilee.server.database;

import dev.jubilee.events.postgres.SqlFailure;
import java.sql.SQLException;

/** PostgreSQL refused, or could not be reached. */
public final class DatabaseException extends RuntimeException {
    public DatabaseException(SQLException cause) {
        super(cause.getMessage(), cause);
    }

    /**
     * Whether PostgreSQL could not be asked, or gave up for a reason that passes: the same again
     * may succeed in a moment. Where it was lost in the middle of a write, that may have been done.
     */
    public boolean isTransient() {
        return SqlFailure.of(this) != SqlFailure.FAULT;
    }

    /** Whether the values are the reason: the same again fails again, whenever it is tried. */
    public boolean isOfValues() {
        return isOfValues(sqlState());
    }

    /** The same of a condition as PostgreSQL names it. */
    public static boolean isOfValues(String state) {
        return state.startsWith("22") // no such text, number or date
                || state.startsWith("23") // against a constraint, or of no partition
                || state.startsWith("54"); // beyond a limit
    }

    /** Whether a statement took longer than it might. */
    public boolean tookTooLong() {
        return sqlState().equals("57014");
    }

    /** The five characters by which PostgreSQL names the condition; empty when there are none. */
    public String sqlState() {
        return getCause() instanceof SQLException e && e.getSQLState() != null
                ? e.getSQLState()
                : "";
    }
}
