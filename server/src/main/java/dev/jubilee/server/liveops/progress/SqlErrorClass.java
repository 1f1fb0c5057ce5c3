package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.postgres.SqlFailure;
import dev.jubilee.server.database.DatabaseException;
import java.sql.SQLException;

/** Why PostgreSQL did not do what it was asked, by the class of its SQLSTATE. */
enum SqlErrorClass {
    /** Another transaction stood in the way: at once again. */
    COLLISION,
    /**
     * It cannot be reached, is going down or short of something, or does not find what it needs,
     * such as a right or a table: later again. No event is to blame.
     */
    ABSENCE,
    /** It will not take the data, however often it is asked. */
    REFUSAL;

    static SqlErrorClass of(DatabaseException e) {
        return e.getCause() instanceof SQLException cause ? of(cause) : ABSENCE;
    }

    static SqlErrorClass of(SQLException e) {
        String state = e.getSQLState();
        if (state != null && DatabaseException.isOfValues(state)) {
            return REFUSAL;
        }
        return SqlFailure.of(e) == SqlFailure.CONFLICT ? COLLISION : ABSENCE;
    }
}
