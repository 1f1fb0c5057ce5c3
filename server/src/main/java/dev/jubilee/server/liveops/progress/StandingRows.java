package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.liveops.progress.StandingCache.Known;
import dev.jubilee.server.liveops.rules.ProgressMetrics;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The SQL of participations on their way through a batch, a whole batch a statement. */
final class StandingRows {
    private StandingRows() {}

    /** Whether to wait for locks that others hold. */
    enum Waiting {
        /** For a transaction that holds no such lock yet: all take them in the order of keys. */
        ALLOWED,
        /**
         * For a transaction that holds some already: it fails at once instead of waiting, which
         * might deadlock.
         */
        REFUSED
    }

    /**
     * Participations that were locked.
     *
     * @param read as the database has them
     * @param unchanged those that still have the version that was given
     */
    record Locked(List<Standing.Stored> read, Set<Candidate.Seat> unchanged) {}

    /**
     * Locks the participations that count on, in key order, and reads them. Left out are players
     * who are not in, who left, and whose occurrence has been frozen.
     *
     * @param versions by which some of them are known; they are read if they have another
     */
    static Locked lock(
            Connection connection,
            Collection<Candidate.Seat> seats,
            Map<Candidate.Seat, String> versions,
            Waiting waiting)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT p.id, p.occurrence_id, p.user_id, p.status, p.participation_time,
                               CASE WHEN k.version IS NULL OR p.xmin <> k.version::xid THEN p.progress END,
                               p.score, p.reached_at
                          FROM unnest(?, ?, ?) AS k (occurrence_id, user_id, version)
                          JOIN liveops.event_participations p
                            ON p.occurrence_id = k.occurrence_id AND p.user_id = k.user_id
                         WHERE p.status IN ('active', 'completed') AND p.final_rank IS NULL
                         ORDER BY p.occurrence_id, p.user_id
                           FOR UPDATE OF p %s
                        """
                                .formatted(waiting == Waiting.REFUSED ? "NOWAIT" : ""))) {
            bind(connection, statement, seats);
            @Nullable Object[] known = seats.stream().map(versions::get).toArray();
            statement.setArray(3, connection.createArrayOf("text", known));
            Locked locked = new Locked(new ArrayList<>(), new HashSet<>());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    if (row.getString(6) == null) {
                        locked.unchanged().add(seat(row));
                    } else {
                        locked.read().add(read(row));
                    }
                }
            }
            return locked;
        }
    }

    private static Candidate.Seat seat(ResultSet row) throws SQLException {
        return new Candidate.Seat(row.getObject(2, UUID.class), row.getString(3));
    }

    /** The seats that have a participation, in whatever state. */
    static Set<Candidate.Seat> present(Connection connection, Collection<Candidate.Seat> seats)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT p.occurrence_id, p.user_id
                          FROM unnest(?, ?) AS k (occurrence_id, user_id)
                          JOIN liveops.event_participations p
                            ON p.occurrence_id = k.occurrence_id AND p.user_id = k.user_id
                        """)) {
            bind(connection, statement, seats);
            Set<Candidate.Seat> present = HashSet.newHashSet(seats.size());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    present.add(new Candidate.Seat(row.getObject(1, UUID.class), row.getString(2)));
                }
            }
            return present;
        }
    }

    /**
     * Writes what has changed, in the order given.
     *
     * @param versions the version each row must still have; where there is none, the caller holds
     *     its lock
     * @return the participations that were written
     */
    static Set<UUID> update(
            Connection connection, List<Standing> changed, Map<Candidate.Seat, String> versions)
            throws SQLException {
        if (changed.isEmpty()) {
            return Set.of();
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        UPDATE liveops.event_participations p
                           SET progress = u.progress::jsonb, score = u.score, reached_at = u.reached_at,
                               completion_time = coalesce(u.completed_at, p.completion_time),
                               status = CASE WHEN u.completed_at IS NULL THEN p.status ELSE 'completed' END
                          FROM unnest(?, ?, ?, ?, ?, ?)
                               AS u (id, progress, score, reached_at, completed_at, version)
                         WHERE p.id = u.id AND (u.version IS NULL OR p.xmin = u.version::xid)
                        RETURNING p.id
                        """)) {
            bind(connection, statement, changed, versions);
            Set<UUID> written = HashSet.newHashSet(changed.size());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    written.add(row.getObject(1, UUID.class));
                }
            }
            return written;
        }
    }

    /** The seats whose row has another version than the known one, or that have no row. */
    static Set<Candidate.Seat> outdated(Connection connection, Map<UUID, Known> known)
            throws SQLException {
        if (known.isEmpty()) {
            return Set.of();
        }
        Map<UUID, Known> outdated = new HashMap<>(known);
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT id, xmin FROM liveops.event_participations WHERE id = ANY (?)")) {
            statement.setObject(1, SqlArray.uuids(known.keySet()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    String version = row.getString(2);
                    outdated.computeIfPresent(
                            row.getObject(1, UUID.class),
                            (id, one) -> one.version().equals(version) ? null : one);
                }
            }
        }
        return outdated.values().stream()
                .map(one -> one.stored().seat())
                .collect(Collectors.toSet());
    }

    private static void bind(
            Connection connection,
            PreparedStatement statement,
            List<Standing> changed,
            Map<Candidate.Seat, String> versions)
            throws SQLException {
        int size = changed.size();
        List<UUID> ids = new ArrayList<>(size);
        String[] progress = new String[size];
        @Nullable Double[] scores = new Double[size];
        List<@Nullable Instant> reachedAt = new ArrayList<>(size);
        List<@Nullable Instant> completedAt = new ArrayList<>(size);
        @Nullable String[] expected = new String[size];
        for (int i = 0; i < size; i++) {
            Standing standing = changed.get(i);
            ids.add(standing.participationId());
            progress[i] = ProgressMetrics.text(standing.progress());
            scores[i] = standing.score();
            reachedAt.add(standing.reachedAt());
            completedAt.add(standing.completedAt());
            expected[i] = versions.get(standing.seat());
        }
        statement.setObject(1, SqlArray.uuids(ids));
        statement.setArray(2, connection.createArrayOf("text", progress));
        statement.setArray(3, connection.createArrayOf("float8", scores));
        statement.setObject(4, SqlArray.instants(reachedAt));
        statement.setObject(5, SqlArray.instants(completedAt));
        statement.setArray(6, connection.createArrayOf("text", expected));
    }

    private static Standing.Stored read(ResultSet row) throws SQLException {
        return new Standing.Stored(
                row.getObject(1, UUID.class),
                seat(row),
                row.getString(4).equals("completed"),
                Timestamps.instant(row, 5),
                ProgressMetrics.read(row.getString(6)),
                row.getObject(7, Double.class),
                Timestamps.instantOrNull(row, 8));
    }

    private static void bind(
            Connection connection, PreparedStatement statement, Collection<Candidate.Seat> seats)
            throws SQLException {
        List<UUID> occurrences = seats.stream().map(Candidate.Seat::occurrenceId).toList();
        String[] users = seats.stream().map(Candidate.Seat::userId).toArray(String[]::new);
        statement.setObject(1, SqlArray.uuids(occurrences));
        statement.setArray(2, connection.createArrayOf("varchar", users));
    }
}
