package dev.jubilee.server.liveops.events;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Grants;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;

/**
 * Calls an occurrence off: whoever has not completed it is no longer in, and holds no place. What
 * was completed, and what was granted, stays; grants can be claimed until they expire as they would
 * have, or, without a planned end, as if the occurrence had ended now. Thread-safe.
 */
final class Cancellation {
    private final Grants grants;

    Cancellation(Grants grants) {
        this.grants = grants;
    }

    /** The caller holds the locks on the occurrence and on its event. */
    void of(Connection connection, Run run, Instant now) throws SQLException {
        boolean openEnded = run.endsAt() == null && run.status() == Occurrence.Status.ACTIVE;
        Transitions.cancel(connection, run.occurrenceId(), openEnded ? now : null, now);
        endParticipations(connection, run);
        Instant end = openEnded ? now : run.endsAt();
        if (end != null) {
            grants.ended(connection, run.occurrenceId(), end);
        }
    }

    /** Locks in key order, and those who have completed as well: what they earn now is seen. */
    private static void endParticipations(Connection connection, Run run) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        WITH held AS MATERIALIZED (
                            SELECT id, status FROM liveops.event_participations
                             WHERE occurrence_id = ? AND status IN ('active', 'completed')
                             ORDER BY occurrence_id, user_id
                               FOR NO KEY UPDATE),
                        ended AS (
                            UPDATE liveops.event_participations p SET status = 'cancelled' FROM held
                             WHERE p.id = held.id AND held.status = 'active'
                            RETURNING 1)
                        UPDATE liveops.occurrences
                           SET current_participants = current_participants - (SELECT count(*) FROM ended)
                         WHERE occurrence_id = ?
                        """)) {
            update.setObject(1, run.occurrenceId());
            update.setObject(2, run.occurrenceId());
            update.executeUpdate();
        }
    }
}
