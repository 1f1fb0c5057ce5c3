package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.leaderboards.TieBreak;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;

/** Fixes who came in where, in one transaction. */
final class Freeze {
    private final Duration claimTimeout;

    Freeze(Duration claimTimeout) {
        this.claimTimeout = claimTimeout;
    }

    /**
     * Ranks those who have scored, ends the participations that are still active, and sets the last
     * day of claims that had none yet. The caller holds the lock on the occurrence.
     */
    void run(Connection connection, Occurrence occurrence, Instant now) throws SQLException {
        rank(connection, occurrence);
        execute(
                connection,
                """
                UPDATE liveops.event_participations SET status = 'expired'
                 WHERE occurrence_id = ?::uuid AND status = 'active'
                """,
                occurrence.occurrenceId());
        execute(
                connection,
                """
                UPDATE liveops.grants SET expires_at = ?::timestamptz
                 WHERE occurrence_id = ?::uuid AND status = 'earned' AND expires_at IS NULL
                """,
                now.plus(claimTimeout),
                occurrence.occurrenceId());
        execute(
                connection,
                "UPDATE liveops.occurrences SET frozen_at = ?::timestamptz WHERE occurrence_id = ?::uuid",
                now,
                occurrence.occurrenceId());
    }

    private static void rank(Connection connection, Occurrence occurrence) throws SQLException {
        TieBreak tieBreak = TieBreak.of(occurrence.rules().tieBreak());
        execute(
                connection,
                """
                UPDATE liveops.event_participations r
                   SET final_rank = ranked.place,
                       status = CASE r.status WHEN 'active' THEN 'expired' ELSE r.status END
                  FROM (SELECT p.id, row_number() OVER (ORDER BY %s) AS place
                          FROM liveops.event_participations p
                         WHERE p.occurrence_id = ?::uuid AND %s) ranked
                 WHERE r.id = ranked.id
                """
                        .formatted(tieBreak.order(), TieBreak.RANKED),
                occurrence.occurrenceId());
    }

    private static void execute(Connection connection, String sql, Object... values)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i].toString());
            }
            statement.executeUpdate();
        }
    }
}
