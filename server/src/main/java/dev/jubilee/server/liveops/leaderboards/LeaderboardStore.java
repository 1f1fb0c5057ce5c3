package dev.jubilee.server.liveops.leaderboards;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.leaderboards.Leaderboards.Entry;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The SQL of rankings. Thread-safe. */
final class LeaderboardStore {
    private static final int FETCH = 10_000;

    /** An occurrence, as far as its ranking is concerned. */
    record Of(String eventId, UUID occurrenceId, boolean frozen, TieBreak tieBreak) {}

    private final Database database;
    private final long mostBytes;

    /**
     * @param mostBytes that a live ranking may take
     */
    LeaderboardStore(Database database, long mostBytes) {
        this.database = database;
        this.mostBytes = mostBytes;
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

    /** The ranking of an occurrence that is not frozen; a problem if too many have scored. */
    LiveRanking live(Of of) {
        long start = System.nanoTime();
        return database.transaction(connection -> {
            LiveRanking.Builder ranking = new LiveRanking.Builder(mostBytes);
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT p.user_id, p.score FROM liveops.event_participations p
                             WHERE p.occurrence_id = ? AND %s ORDER BY %s
                            """
                                    .formatted(TieBreak.RANKED, of.tieBreak().order()))) {
                statement.setFetchSize(FETCH);
                statement.setObject(1, of.occurrenceId());
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        if (!ranking.add(row.getString(1), row.getDouble(2))) {
                            throw tooLarge(of.eventId()).asException();
                        }
                    }
                }
            }
            return ranking.build(Duration.ofNanos(System.nanoTime() - start));
        });
    }

    private static Problem tooLarge(String eventId) {
        return Problem.unavailable(
                "ranking_too_large",
                "The ranking of \""
                        + eventId
                        + "\" does not fit the memory of the program while it changes; once frozen it"
                        + " can be read.",
                Duration.ofMinutes(1));
    }

    /** Ranks of a frozen ranking. */
    List<Entry> frozen(Of of, int first, int limit) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT final_rank, user_id, score FROM liveops.event_participations
                             WHERE occurrence_id = ? AND final_rank >= ? ORDER BY final_rank LIMIT ?
                            """)) {
                statement.setObject(1, of.occurrenceId());
                statement.setInt(2, first);
                statement.setInt(3, limit);
                List<Entry> entries = new ArrayList<>();
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        entries.add(new Entry(row.getInt(1), row.getString(2), row.getDouble(3)));
                    }
                }
                return entries;
            }
        });
    }

    /** The player's place in a frozen ranking; empty when it is not ranked. */
    Optional<Entry> frozenPlace(Of of, String userId) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT final_rank, score FROM liveops.event_participations
                             WHERE occurrence_id = ? AND user_id = ? AND final_rank IS NOT NULL
                            """)) {
                statement.setObject(1, of.occurrenceId());
                statement.setString(2, userId);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next()
                            ? Optional.of(new Entry(row.getInt(1), userId, row.getDouble(2)))
                            : Optional.empty();
                }
            }
        });
    }

    /** How many a frozen ranking has. */
    long frozenSize(Of of) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT coalesce(max(final_rank), 0) FROM liveops.event_participations
                             WHERE occurrence_id = ? AND final_rank IS NOT NULL
                            """)) {
                statement.setObject(1, of.occurrenceId());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getLong(1);
                }
            }
        });
    }

    private static TieBreak tieBreak(@Nullable String json) {
        List<String> names = new ArrayList<>();
        if (json != null) {
            Json.tree(json).forEach(name -> names.add(name.asString("")));
        }
        return TieBreak.of(names);
    }
}
