package dev.jubilee.server.liveops.participation;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.liveops.participation.Admission.Change;
import dev.jubilee.server.liveops.participation.Admission.Room;
import dev.jubilee.server.liveops.participation.Participation.Status;
import dev.jubilee.server.liveops.participation.ParticipationRequest.Seat;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The SQL of one batch of the lane, within its transaction: a few statements, however large it is.
 */
final class BatchSql {
    private final Connection connection;

    BatchSql(Connection connection) {
        this.connection = connection;
    }

    /** The occurrences asked for, locked, and who of those asked for has a participation. */
    record Seen(Map<UUID, Room> rooms, Map<Seat, Participation> standing) {}

    /**
     * Locks the occurrences in the order of their ids, which whoever changes who is in does, and
     * then sees who is in, in whatever status; one round trip, but each statement on a snapshot of
     * its own.
     *
     * <p>The planner is kept from reading the table of participations as a whole: a plan made while
     * an event is empty is still in use when 100,000 players are in. LIMIT keeps the sub-select
     * from being joined in any way but one look-up a seat.
     */
    Seen lock(Collection<ParticipationRequest> requests) throws SQLException {
        String sql =
                """
                SET LOCAL enable_seqscan = off;
                SELECT occurrence_id, status, starts_at, ends_at, max_participants, current_participants
                  FROM liveops.occurrences
                 WHERE occurrence_id = ANY (?)
                 ORDER BY occurrence_id
                   FOR NO KEY UPDATE;
                SELECT p.id, p.event_id, p.occurrence_id, p.user_id, p.participation_type, p.status, p.participation_time
                  FROM unnest(?::uuid[], ?::text[]) AS asked (occurrence_id, user_id)
                 CROSS JOIN LATERAL (
                       SELECT * FROM liveops.event_participations p
                        WHERE p.occurrence_id = asked.occurrence_id AND p.user_id = asked.user_id
                        LIMIT 1) p
                """;
        List<UUID> occurrences = new ArrayList<>(requests.size());
        String[] users = new String[requests.size()];
        for (ParticipationRequest request : requests) {
            users[occurrences.size()] = request.userId();
            occurrences.add(request.occurrence().occurrenceId());
        }
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, SqlArray.uuids(new LinkedHashSet<>(occurrences)));
            statement.setObject(2, SqlArray.uuids(occurrences));
            statement.setArray(3, connection.createArrayOf("text", users));
            statement.execute();
            statement.getMoreResults();
            Map<UUID, Room> rooms = rooms(statement);
            statement.getMoreResults();
            return new Seen(rooms, standing(statement));
        }
    }

    private static Map<UUID, Room> rooms(PreparedStatement statement) throws SQLException {
        Map<UUID, Room> rooms = new HashMap<>();
        try (ResultSet row = statement.getResultSet()) {
            while (row.next()) {
                rooms.put(row.getObject(1, UUID.class), room(row));
            }
        }
        return rooms;
    }

    private static Room room(ResultSet row) throws SQLException {
        String status = row.getString(2);
        boolean open = status.equals("scheduled") || status.equals("active");
        Instant startsAt = Timestamps.instant(row, 3);
        return new Room(
                open, startsAt, Timestamps.instantOrNull(row, 4), row.getInt(5), row.getInt(6));
    }

    private static Map<Seat, Participation> standing(PreparedStatement statement)
            throws SQLException {
        Map<Seat, Participation> standing = new HashMap<>();
        try (ResultSet row = statement.getResultSet()) {
            while (row.next()) {
                Participation found = participation(row);
                standing.put(new Seat(found.occurrenceId(), found.userId()), found);
            }
        }
        return standing;
    }

    private static Participation participation(ResultSet row) throws SQLException {
        return new Participation(
                row.getObject(1, UUID.class),
                row.getString(2),
                row.getObject(3, UUID.class),
                row.getString(4),
                Participation.Type.of(row.getString(5)),
                Status.of(row.getString(6)),
                Timestamps.instant(row, 7));
    }

    /** Writes new participations and the counters in one statement, in the order of the keys. */
    void insert(List<Change> added, Map<UUID, Integer> deltas) throws SQLException {
        String sql =
                """
                WITH added AS (
                    INSERT INTO liveops.event_participations
                           (id, event_id, occurrence_id, user_id, participation_type, status, participation_time)
                    SELECT * FROM unnest(?::uuid[], ?::text[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::timestamptz[])
                )
                UPDATE liveops.occurrences o
                   SET current_participants = o.current_participants + changed.delta
                  FROM unnest(?::uuid[], ?::int[]) AS changed (occurrence_id, delta)
                 WHERE o.occurrence_id = changed.occurrence_id
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, added);
            statement.setObject(8, SqlArray.uuids(deltas.keySet()));
            statement.setArray(9, connection.createArrayOf("int4", deltas.values().toArray()));
            statement.executeUpdate();
        }
    }

    /**
     * Writes what has become of participations that were there. Who comes in again begins anew, as
     * what was reached before does not count; what was granted stays.
     */
    void update(List<Change> changed) throws SQLException {
        String sql =
                """
                UPDATE liveops.event_participations p
                   SET status = after.status,
                       participation_type = after.type,
                       participation_time = after.joined_at,
                       progress = CASE after.status WHEN 'active' THEN '{}' ELSE p.progress END,
                       score = CASE after.status WHEN 'active' THEN NULL ELSE p.score END,
                       reached_at = CASE after.status WHEN 'active' THEN NULL ELSE p.reached_at END,
                       completion_time = CASE after.status WHEN 'active' THEN NULL ELSE p.completion_time END
                  FROM unnest(?::uuid[], ?::text[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::timestamptz[])
                       AS after (id, event_id, occurrence_id, user_id, type, status, joined_at)
                 WHERE p.id = after.id
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, changed);
            statement.executeUpdate();
        }
    }

    private void bind(PreparedStatement statement, List<Change> changes) throws SQLException {
        int n = changes.size();
        List<UUID> ids = new ArrayList<>(n);
        String[] events = new String[n];
        List<UUID> occurrences = new ArrayList<>(n);
        String[] users = new String[n];
        String[] types = new String[n];
        String[] statuses = new String[n];
        List<Instant> times = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            Participation after = changes.get(i).after();
            ids.add(after.participationId());
            events[i] = after.eventId();
            occurrences.add(after.occurrenceId());
            users[i] = after.userId();
            types[i] = after.type().text();
            statuses[i] = after.status().text();
            times.add(after.joinedAt());
        }
        statement.setObject(1, SqlArray.uuids(ids));
        statement.setArray(2, connection.createArrayOf("text", events));
        statement.setObject(3, SqlArray.uuids(occurrences));
        statement.setArray(4, connection.createArrayOf("text", users));
        statement.setArray(5, connection.createArrayOf("text", types));
        statement.setArray(6, connection.createArrayOf("text", statuses));
        statement.setObject(7, SqlArray.instants(times));
    }
}
