package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.database.DatabaseException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Why PostgreSQL did not do what it was asked, by the class of its SQLSTATE. */
enum Trouble {
    /** Another transaction stood in the way: at once again. */
    COLLISION,
    /** It cannot be reached, is going down or short of something: later again. */
    ABSENCE,
    /** It will not do this, however often it is asked. */
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
        return switch (state.substring(0, 2)) {
            case "08", "53", "57", "58", "XX" -> ABSENCE;
            default -> REFUSAL;
        };
    }
}
