package dev.jubilee.server.liveops.participation;

import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.jubilee.server.database.Timestamps;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A participation as it is shown.
 *
 * @param playerId the same as {@code userId}, by its other name
 * @param progress a JSON object, metric → number
 * @param rewardsClaimed a JSON array of reward ids
 * @param joinedAt the same as {@code participationTime}, by its other name
 */
record ParticipantView(
        String participationId,
        String eventId,
        String occurrenceId,
        String userId,
        String playerId,
        String participationType,
        String status,
        @JsonRawValue String progress,
        @JsonRawValue String rewardsClaimed,
        @Nullable Double score,
        @Nullable Integer finalRank,
        Instant participationTime,
        Instant joinedAt,
        @Nullable Instant completionTime) {
    /** What {@link #of} reads; a place that is not frozen yet is none. */
    static final String COLUMNS =
            """
            p.id, p.event_id, p.occurrence_id, p.user_id, p.participation_type, p.status, p.progress,
            p.rewards_claimed, p.score,
            CASE WHEN p.final_rank IS NOT NULL THEN (
                SELECT p.final_rank FROM liveops.occurrences o
                 WHERE o.occurrence_id = p.occurrence_id AND o.frozen_at IS NOT NULL) END,
            p.participation_time, p.completion_time
            """;

    static ParticipantView of(ResultSet row) throws SQLException {
        String user = row.getString(4);
        Instant joined = Timestamps.instant(row, 11);
        return new ParticipantView(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                user,
                user,
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.getString(8),
                row.getObject(9, Double.class),
                row.getObject(10, Integer.class),
                joined,
                joined,
                Timestamps.instantOrNull(row, 12));
    }
}
