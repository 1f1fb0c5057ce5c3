package dev.jubilee.server.liveops.leaderboards;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Board;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Surroundings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The SQL of rankings. Thread-safe. */
final class LeaderboardStore {
    /** An occurrence, as far as its ranking is concerned. */
    record Of(String eventId, UUID occurrenceId, boolean frozen, TieBreak tieBreak) {}

    private final Database database;

    LeaderboardStore(Database database) {
        this.database = database;
    }

    /** The occurrence meant; without an id the latest that has begun, or else the next. */
    Optional<Of> occurrence(String eventId, @Nullable UUID occurrenceId) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT occurrence_id, frozen_at IS NOT NULL, config -> 'settings' -> 'tie_break'
                              FROM liveops.occurrences
                             WHERE event_id = ? AND (?::uuid IS NULL OR occurrence_id = ?::uuid)
                             ORDER BY status = 'scheduled', number DESC LIMIT 1
                            """)) {
                statement.setString(1, eventId);
                statement.setObject(2, occurrenceId);
                statement.setObject(3, occurrenceId);
                try (ResultSet row = statement.executeQuery()) {
                    if (!row.next()) {
                        return Optional.empty();
                    }
                    return Optional.of(
                            new Of(
                                    eventId,
                                    row.getObject(1, UUID.class),
                                    row.getBoolean(2),
                                    tieBreak(row.getString(3))));
                }
            }
        });
    }

    Board page(Of of, int offset, int limit) {
        return database.read(connection -> {
            List<Entry> entries = new ArrayList<>();
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT p.user_id, p.score, p.final_rank FROM liveops.event_participations p
                             WHERE p.occurrence_id = ? AND %s ORDER BY %s OFFSET ? LIMIT ?
                            """
                                    .formatted(TieBreak.RANKED, of.tieBreak().order()))) {
                statement.setObject(1, of.occurrenceId());
                statement.setInt(2, offset);
                statement.setInt(3, limit);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        int live = offset + entries.size() + 1;
                        int rank = of.frozen() ? row.getInt(3) : live;
                        entries.add(new Entry(rank, row.getString(1), row.getDouble(2)));
                    }
                }
            }
            long total = total(connection, of);
            return new Board(of.eventId(), of.occurrenceId(), of.frozen(), entries, total);
        });
    }

    /** The player's place and half as many on either side; empty when it is not ranked. */
    Optional<Surroundings> around(Of of, String userId, int limit) {
        return database.read(connection -> {
            Entry me = placeOf(connection, of, userId);
            if (me == null) {
                return Optional.empty();
            }
            List<Entry> above = neighbours(connection, of, userId, true, (limit - 1) / 2);
            List<Entry> below = neighbours(connection, of, userId, false, limit - 1 - above.size());
            List<Entry> entries = new ArrayList<>();
            for (int i = above.size() - 1; i >= 0; i--) {
                entries.add(ranked(above.get(i), me.rank() - i - 1));
            }
            entries.add(me);
            for (int i = 0; i < below.size(); i++) {
                entries.add(ranked(below.get(i), me.rank() + i + 1));
            }
            return Optional.of(
                    new Surroundings(
                            of.eventId(),
                            of.occurrenceId(),
                            of.frozen(),
                            me.rank(),
                            me.score(),
                            entries));
        });
    }

    private static Entry ranked(Entry entry, int rank) {
        return new Entry(rank, entry.userId(), entry.score());
    }

    private static @Nullable Entry placeOf(Connection connection, Of of, String userId)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT me.score, coalesce(me.final_rank, 1 + (
                                   SELECT count(*) FROM liveops.event_participations p
                                    WHERE p.occurrence_id = me.occurrence_id AND %s AND %s))
                          FROM liveops.event_participations me
                         WHERE me.occurrence_id = ? AND me.user_id = ?
                           AND me.reached_at IS NOT NULL AND me.status <> 'cancelled'
                        """
                                .formatted(TieBreak.RANKED, of.tieBreak().before()))) {
            statement.setObject(1, of.occurrenceId());
            statement.setString(2, userId);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? new Entry(row.getInt(2), userId, row.getDouble(1)) : null;
            }
        }
    }

    /** The nearest first; their ranks follow from the player's. */
    private static List<Entry> neighbours(
            Connection connection, Of of, String userId, boolean above, int limit)
            throws SQLException {
        TieBreak tieBreak = of.tieBreak();
        String where = above ? tieBreak.before() : tieBreak.after();
        String order = above ? tieBreak.reversed() : tieBreak.order();
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT p.user_id, p.score
                          FROM liveops.event_participations me
                          JOIN liveops.event_participations p ON p.occurrence_id = me.occurrence_id
                         WHERE me.occurrence_id = ? AND me.user_id = ? AND %s AND %s
                         ORDER BY %s LIMIT ?
                        """
                                .formatted(TieBreak.RANKED, where, order))) {
            statement.setObject(1, of.occurrenceId());
            statement.setString(2, userId);
            statement.setInt(3, limit);
            List<Entry> entries = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    entries.add(new Entry(0, row.getString(1), row.getDouble(2)));
                }
            }
            return entries;
        }
    }

    private static long total(Connection connection, Of of) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT count(*) FROM liveops.event_participations p WHERE p.occurrence_id = ? AND "
                                + TieBreak.RANKED)) {
            statement.setObject(1, of.occurrenceId());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private static TieBreak tieBreak(@Nullable String json) {
        List<String> names = new ArrayList<>();
        if (json != null) {
            Json.tree(json).forEach(name -> names.add(name.asString("")));
        }
        return TieBreak.of(names);
    }
}
