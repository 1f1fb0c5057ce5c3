package dev.jubilee.server.liveops.closing;

import dev.jubilee.server.liveops.leaderboards.TieBreak;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Grants;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;

/** Fixes who came in where, in one transaction. */
final class Freeze {
    private final Grants grants;

    Freeze(Grants grants) {
        this.grants = grants;
    }

    /**
     * Ranks those who have scored, ends the participations that are still active, and sets the last
     * day of claims that had none yet. The caller holds the lock on the occurrence.
     */
    void run(Connection connection, Occurrence occurrence, Instant now) throws SQLException {
        // In the order of all who lock participations; what follows writes in an order of its own.
        execute(
                connection,
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM liveops.event_participations WHERE occurrence_id = ?::uuid
                     ORDER BY occurrence_id, user_id
                       FOR NO KEY UPDATE) locked
                """,
                occurrence.occurrenceId());
        rank(connection, occurrence);
        execute(
                connection,
                """
                UPDATE liveops.event_participations SET status = 'expired'
                 WHERE occurrence_id = ?::uuid AND status = 'active'
                """,
                occurrence.occurrenceId());
        grants.ended(connection, occurrence.occurrenceId(), now);
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
            statement.execute();
        }
    }
}
