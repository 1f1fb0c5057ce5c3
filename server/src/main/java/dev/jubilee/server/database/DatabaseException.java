package dev.jubilee.server.database;

import java.sql.SQLException;

/** PostgreSQL refused, or could not be reached. */
public final class DatabaseException extends RuntimeException {
    public DatabaseException(SQLException cause) {
        super(cause.getMessage(), cause);
    }

    /** The five characters by which PostgreSQL names the condition; empty when there are none. */
    public String sqlState() {
        return getCause() instanceof SQLException e && e.getSQLState() != null
                ? e.getSQLState()
                : "";
    }
}
