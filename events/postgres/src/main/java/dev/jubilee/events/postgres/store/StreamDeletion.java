package dev.jubilee.events.postgres.store;

import dev.jubilee.events.store.DeleteResult;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Deletes a stream, and leaves its row to keep the name. The compare-and-set on that row also makes
 * sure that no event is overlooked: one that is committed while this waits changes the version.
 */
final class StreamDeletion {
    private final String sql;

    StreamDeletion(String schema) {
        this.sql =
                """
                WITH locked AS MATERIALIZED (
                    SELECT stream, version, deleted FROM %1$s.streams WHERE stream = ? FOR UPDATE
                ), marked AS (
                    UPDATE %1$s.streams s SET deleted = true FROM locked l
                    WHERE s.stream = l.stream AND l.version = ? AND NOT l.deleted
                    RETURNING s.stream
                ), events AS (
                    DELETE FROM %1$s.events e USING marked m WHERE e.stream = m.stream
                ), snapshots AS (
                    DELETE FROM %1$s.snapshots t USING marked m WHERE t.stream = m.stream
                )
                SELECT l.version, l.deleted OR EXISTS (SELECT FROM marked) FROM locked l\
                """
                        .formatted(schema);
    }

    DeleteResult execute(Connection connection, String stream, long expectedVersion)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, stream);
            statement.setLong(2, expectedVersion);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return new DeleteResult.NotFound();
                }
                return row.getBoolean(2)
                        ? new DeleteResult.Deleted()
                        : new DeleteResult.Conflict(row.getLong(1));
            }
        }
    }
}
