package dev.jubilee.events.postgres.store;

import dev.jubilee.events.store.Snapshot;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** The latest snapshot of each stream. */
final class Snapshots {
    private final String save;
    private final String load;

    Snapshots(String schema) {
        // The lock keeps a deletion from happening in between and being undone.
        this.save =
                """
                WITH stream AS MATERIALIZED (
                    SELECT stream, version, deleted FROM %1$s.streams WHERE stream = ? FOR SHARE
                )
                INSERT INTO %1$s.snapshots AS t (stream, version, content_type, data)
                SELECT stream, ?, ?, ? FROM stream WHERE NOT deleted AND version >= ?
                ON CONFLICT (stream) DO UPDATE
                    SET version = excluded.version, content_type = excluded.content_type,
                        data = excluded.data, taken_at = now()
                    WHERE t.version <= excluded.version\
                """
                        .formatted(schema);
        this.load =
                "SELECT version, content_type, data FROM %s.snapshots WHERE stream = ?"
                        .formatted(schema);
    }

    boolean save(Connection connection, Snapshot snapshot) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(save)) {
            statement.setString(1, snapshot.stream());
            statement.setLong(2, snapshot.version());
            statement.setString(3, snapshot.contentType());
            statement.setBytes(4, snapshot.data());
            statement.setLong(5, snapshot.version());
            return statement.executeUpdate() == 1;
        }
    }

    Optional<Snapshot> load(Connection connection, String stream) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(load)) {
            statement.setString(1, stream);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(
                                new Snapshot(
                                        stream, row.getLong(1), row.getString(2), row.getBytes(3)))
                        : Optional.empty();
            }
        }
    }
}
