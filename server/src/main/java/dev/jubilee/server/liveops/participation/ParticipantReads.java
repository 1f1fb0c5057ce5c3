package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads who is in an occurrence. Thread-safe. */
final class ParticipantReads {
    /** A part of the list, and how long the whole is. */
    record Part(List<ParticipantView> participants, int total) {}

    private final Database database;

    ParticipantReads(Database database) {
        this.database = database;
    }

    /** One player's participation, in whatever status; null when it never joined. */
    @Nullable ParticipantView find(UUID occurrenceId, String userId) {
        return database.read(connection ->
                        Optional.ofNullable(find(connection, occurrenceId, userId, "")))
                .orElse(null);
    }

    /** The same within a transaction, keeping others from changing it. */
    static @Nullable ParticipantView lock(Connection connection, UUID occurrenceId, String userId)
            throws SQLException {
        return find(connection, occurrenceId, userId, " FOR NO KEY UPDATE");
    }

    private static @Nullable ParticipantView find(
            Connection connection, UUID occurrenceId, String userId, String locking)
            throws SQLException {
        String sql =
                "SELECT "
                        + ParticipantView.COLUMNS
                        + " FROM liveops.event_participations p WHERE p.occurrence_id = ? AND p.user_id = ?"
                        + locking;
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, occurrenceId);
            select.setString(2, userId);
            ResultSet row = select.executeQuery();
            return row.next() ? ParticipantView.of(row) : null;
        }
    }

    /**
     * Participants in the order of their ids.
     *
     * @param status null lists all who hold a place
     * @param after begins behind this player; empty begins with the first
     */
    Part list(UUID occurrenceId, @Nullable String status, String after, int offset, int limit) {
        String sql =
                "SELECT "
                        + ParticipantView.COLUMNS
                        + """
                           FROM liveops.event_participations p
                          WHERE p.occurrence_id = ? AND p.user_id > ?
                            AND CASE WHEN ?::text IS NULL THEN p.status <> 'cancelled' ELSE p.status = ? END
                          ORDER BY p.user_id OFFSET ? LIMIT ?
                        """;
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(sql)) {
                select.setObject(1, occurrenceId);
                select.setString(2, after);
                select.setString(3, status);
                select.setString(4, status);
                select.setInt(5, offset);
                select.setInt(6, limit);
                List<ParticipantView> found = new ArrayList<>();
                ResultSet row = select.executeQuery();
                while (row.next()) {
                    found.add(ParticipantView.of(row));
                }
                return new Part(found, total(connection, occurrenceId, status));
            }
        });
    }

    /**
     * From the counter, so that nobody counts 100,000 rows to show 50; only those of one status are
     * counted.
     */
    private static int total(Connection connection, UUID occurrenceId, @Nullable String status)
            throws SQLException {
        String sql =
                status == null
                        ? "SELECT current_participants FROM liveops.occurrences WHERE occurrence_id = ?"
                        : """
                        SELECT count(*) FROM liveops.event_participations
                         WHERE occurrence_id = ? AND status = ?
                        """;
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, occurrenceId);
            if (status != null) {
                select.setString(2, status);
            }
            ResultSet row = select.executeQuery();
            return row.next() ? row.getInt(1) : 0;
        }
    }
}
