package dev.jubilee.server.liveops.closing;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.liveops.leaderboards.TieBreak;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Expiries;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.UUID;

/**
 * Fixes who came in where in one occurrence, some participations a transaction. First the last day
 * of every claim becomes what the end makes it. Then the ranking is frozen by the transaction that
 * finds every place to be what the scores say, and nobody active: nothing counts any more for a
 * participation that has a place or has expired. So whoever goes on after a crash, or beside
 * another instance, needs to know nothing of what was done before. Until then no place is shown,
 * and none is paid for.
 *
 * <p>For one thread; when a transaction fails, another is to be made.
 */
final class Freeze {
    /** What is remembered of one look, which reads and sorts the occurrence as a whole. */
    private static final int PARTS_A_LOOK = 50;

    private final Occurrence occurrence;
    private final Expiries expiries;
    private final int atATime;
    private final Queue<Part> unsettled = new ArrayDeque<>();
    private boolean expiring = true;

    /** Participations that are not as they will be; packed, as there may be half a million. */
    private static final class Part {
        final SqlArray ids;

        /** The place of each; 0 for one without a score. */
        final int[] places;

        Part(List<UUID> ids, int[] places) {
            this.ids = SqlArray.uuids(ids);
            this.places = places;
        }
    }

    /**
     * @param expiries sets the last day of claims that is another by the end
     * @param atATime participations that are written in one transaction
     */
    Freeze(Occurrence occurrence, Expiries expiries, int atATime) {
        this.occurrence = occurrence;
        this.expiries = expiries;
        this.atATime = atATime;
    }

    /**
     * Takes the next step: sets the last day of some claims, or ranks some of those who have scored
     * and ends some of the participations that are still active, or freezes the ranking. The caller
     * holds the lock on the occurrence.
     *
     * @return whether it is not frozen yet
     */
    boolean next(Connection connection, Instant now) throws SQLException {
        if (expiring) {
            // Before any look: each reads and sorts the whole occurrence.
            expiring = expiries.next(connection);
            if (expiring) {
                return true;
            }
        }
        if (unsettled.isEmpty()) {
            look(connection);
        }
        Part part = unsettled.poll();
        if (part != null) {
            settle(connection, part);
            return true;
        }
        frozen(connection, now);
        return false;
    }

    /**
     * In the order of ids, which is about that of the rows on disk: in the order of places each
     * part would write to nearly every page.
     */
    private void look(Connection connection) throws SQLException {
        TieBreak tieBreak = TieBreak.of(occurrence.rules().tieBreak());
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT id, coalesce(place, 0)
                          FROM (SELECT p.id, p.status, p.final_rank, CASE WHEN %1$s THEN
                                       row_number() OVER (ORDER BY (%1$s) DESC, %2$s) END AS place
                                  FROM liveops.event_participations p
                                 WHERE p.occurrence_id = ? AND p.status <> 'cancelled') p
                         WHERE status = 'active' OR final_rank IS DISTINCT FROM place
                         ORDER BY id LIMIT ?
                        """
                                .formatted(TieBreak.RANKED, tieBreak.order()))) {
            statement.setFetchSize(atATime);
            statement.setObject(1, occurrence.occurrenceId());
            statement.setInt(2, PARTS_A_LOOK * atATime);
            try (ResultSet row = statement.executeQuery()) {
                for (Part part = read(row); part.places.length > 0; part = read(row)) {
                    unsettled.add(part);
                }
            }
        }
    }

    private Part read(ResultSet row) throws SQLException {
        List<UUID> ids = new ArrayList<>();
        int[] places = new int[atATime];
        while (ids.size() < atATime && row.next()) {
            places[ids.size()] = row.getInt(2);
            ids.add(row.getObject(1, UUID.class));
        }
        return new Part(ids, Arrays.copyOf(places, ids.size()));
    }

    /** Locks in the order of all who lock participations, whatever the order of the places. */
    private static void settle(Connection connection, Part part) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH held AS MATERIALIZED (
                            SELECT p.id, nullif(s.place, 0) AS place
                              FROM unnest(?, ?) AS s (id, place)
                              JOIN liveops.event_participations p USING (id)
                             ORDER BY p.occurrence_id, p.user_id
                               FOR NO KEY UPDATE OF p)
                        UPDATE liveops.event_participations p
                           SET final_rank = held.place,
                               status = CASE p.status WHEN 'active' THEN 'expired' ELSE p.status END
                          FROM held WHERE p.id = held.id
                        """)) {
            statement.setObject(1, part.ids);
            statement.setObject(2, part.places);
            statement.executeUpdate();
        }
    }

    private void frozen(Connection connection, Instant now) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "UPDATE liveops.occurrences SET frozen_at = ?::timestamptz WHERE occurrence_id = ?")) {
            statement.setString(1, now.toString());
            statement.setObject(2, occurrence.occurrenceId());
            statement.executeUpdate();
        }
    }
}
