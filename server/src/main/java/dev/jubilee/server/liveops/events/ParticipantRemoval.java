package dev.jubilee.server.liveops.events;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes out who takes part in an occurrence that was called off, in the order of their ids, some a
 * transaction. Whoever begins anew goes through all of them again and finds less to do. For one
 * thread; when a transaction fails, another is to be made.
 */
final class ParticipantRemoval {
    private final UUID occurrenceId;
    private final int atATime;
    private @Nullable String reached = "";

    /**
     * @param atATime participations that are written in one transaction
     */
    ParticipantRemoval(UUID occurrenceId, int atATime) {
        this.occurrenceId = occurrenceId;
        this.atATime = atATime;
    }

    /**
     * Writes the next of them. The caller holds the lock on the occurrence, which is called off.
     *
     * @return whether some may be left
     */
    boolean next(Connection connection) throws SQLException {
        if (reached != null) {
            reached = leave(connection, reached);
        }
        return reached != null;
    }

    /**
     * Locks in key order, and those who have completed as well: what they earn now is seen. Whoever
     * expired did so in a freeze that did not come to its end.
     *
     * @return the last of them; null when there are no more
     */
    private @Nullable String leave(Connection connection, String after) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        WITH held AS MATERIALIZED (
                            SELECT id, user_id, status FROM liveops.event_participations
                             WHERE occurrence_id = ? AND user_id > ? AND status <> 'cancelled'
                             ORDER BY occurrence_id, user_id LIMIT ?
                               FOR NO KEY UPDATE),
                        ended AS (
                            UPDATE liveops.event_participations p SET status = 'cancelled' FROM held
                             WHERE p.id = held.id AND held.status <> 'completed'
                            RETURNING 1),
                        counted AS (
                            UPDATE liveops.occurrences
                               SET current_participants = current_participants - (SELECT count(*) FROM ended)
                             WHERE occurrence_id = ?)
                        SELECT max(user_id), count(*) FROM held
                        """)) {
            update.setObject(1, occurrenceId);
            update.setString(2, after);
            update.setInt(3, atATime);
            update.setObject(4, occurrenceId);
            try (ResultSet last = update.executeQuery()) {
                last.next();
                return last.getInt(2) == atATime ? last.getString(1) : null;
            }
        }
    }
}
