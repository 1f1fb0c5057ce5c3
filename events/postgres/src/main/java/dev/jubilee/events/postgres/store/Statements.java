package dev.jubilee.events.postgres.store;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Single statements, each a transaction of its own. */
final class Statements {
    private Statements() {}

    @FunctionalInterface
    interface Work<R> {
        R run(Connection connection) throws SQLException;
    }

    static <R> R run(DataSource dataSource, String what, Work<R> work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            return work.run(connection);
        } catch (SQLException e) {
            throw Failures.of(what, e);
        }
    }
}
