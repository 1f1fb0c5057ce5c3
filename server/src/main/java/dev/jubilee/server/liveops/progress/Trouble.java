package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.database.DatabaseException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Why PostgreSQL did not do what it was asked, by the class of its SQLSTATE. */
enum Trouble {
    /** Another transaction stood in the way: at once again. */
    COLLISION,
    /**
     * It cannot be reached, is going down or short of something, or does not find what it needs,
     * such as a right or a table: later again. No event is to blame.
     */
    ABSENCE,
    /** It will not take the data, however often it is asked. */
    REFUSAL;

    static Trouble of(DatabaseException e) {
        return e.getCause() instanceof SQLException cause ? of(cause) : ABSENCE;
    }

    static Trouble of(SQLException e) {
        @Nullable String state = e.getSQLState();
        if (state == null || state.length() != 5) {
            return ABSENCE;
        }
        if (state.startsWith("40") || state.equals("55P03")) {
            return COLLISION;
        }
        return DatabaseException.isOfValues(state) ? REFUSAL : ABSENCE;
    }
}
