package dev.jubilee.server.liveops.participation;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.ConnectionPool;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.rewards.Earned;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.players.Players;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * One instance's participation over a database, and what tests need to set it up and look at it.
 */
final class Arena implements AutoCloseable {
    /** The default settings, but that nobody waits in vain because the machine is slow. */
    static final ParticipationSettings PATIENT =
            new ParticipationSettings(
                    ParticipationSettings.DEFAULT.maxBatch(),
                    ParticipationSettings.DEFAULT.capacity(),
                    Duration.ofMinutes(2));

    final Database database;
    final Occurrences occurrences;
    final ParticipationFeature feature;
    final Participations participations;
    final List<Earned> earned = new CopyOnWriteArrayList<>();
    private final InstantSource clock;
    private final HikariDataSource pool;
    private final ChangeFeed feed;
    private final Idempotency idempotency;

    Arena(Platform platform, InstantSource clock, ParticipationSettings settings) {
        this.clock = clock;
        this.pool =
                ConnectionPool.open(
                        new ConnectionPool.Address(
                                platform.databaseUrl(), platform.user(), platform.password()),
                        6,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(60));
        this.database = new Database(pool);
        this.feed = new ChangeFeed(pool);
        RulesReader rules = new RulesReader(new Conditions(), 50);
        this.occurrences = new Occurrences(database, rules, feed, clock);
        Players players = new Players(database, feed, clock);
        feed.start();
        occurrences.start();
        this.idempotency = new Idempotency(database, clock, Duration.ofDays(1));
        this.feature =
                new ParticipationFeature(
                        new ParticipationFeature.Platform(
                                database, idempotency, new Audit(clock), clock),
                        occurrences,
                        players,
                        (connection, all) -> {
                            earned.addAll(all);
                            return List.of();
                        },
                        settings,
                        LaneListener.NONE);
        this.participations = feature.participations();
    }

    /** An event that runs from a minute ago for an hour, with room for so many. */
    UUID open(String eventId, int capacity, String config) {
        Instant now = clock.instant();
        return event(
                eventId, now.minusSeconds(60), now.plusSeconds(3600), "active", capacity, config);
    }

    UUID open(String eventId, int capacity) {
        return open(eventId, capacity, "{}");
    }

    UUID event(
            String eventId,
            Instant start,
            @Nullable Instant end,
            String status,
            int capacity,
            String config) {
        UUID id =
                database.transaction(connection -> {
                    insertEvent(connection, eventId, start, capacity);
                    return insertOccurrence(connection, eventId, start, end, status, config);
                });
        occurrences.refresh(id);
        return id;
    }

    private void insertEvent(Connection connection, String eventId, Instant start, int capacity)
            throws SQLException {
        execute(
                connection,
                """
                INSERT INTO liveops.events (event_id, name, event_type, category, status, start_time,
                    max_participants, created_by, created_at, updated_at)
                VALUES (?, 'An event', 'special', 'limited', 'active', ?, ?, 'test', now(), now())
                """,
                eventId,
                start.atOffset(ZoneOffset.UTC),
                capacity);
    }

    private static UUID insertOccurrence(
            Connection connection,
            String eventId,
            Instant start,
            @Nullable Instant end,
            String status,
            String config)
            throws SQLException {
        UUID id = UUID.randomUUID();
        execute(
                connection,
                """
                INSERT INTO liveops.occurrences (occurrence_id, event_id, number, starts_at, ends_at, status,
                    config, config_version, max_participants)
                SELECT ?, event_id, 1, ?, ?, ?, ?::jsonb, 1, max_participants
                  FROM liveops.events WHERE event_id = ?
                """,
                id,
                start.atOffset(ZoneOffset.UTC),
                end == null ? null : end.atOffset(ZoneOffset.UTC),
                status,
                config,
                eventId);
        return id;
    }

    /** Empties an occurrence for the next round. */
    void empty(UUID... ids) {
        execute(
                "DELETE FROM liveops.event_participations WHERE occurrence_id = ANY (?)",
                (Object) ids);
        execute(
                "UPDATE liveops.occurrences SET current_participants = 0 WHERE occurrence_id = ANY (?)",
                (Object) ids);
    }

    int counter(UUID occurrence) {
        return Integer.parseInt(
                one(
                        "SELECT current_participants FROM liveops.occurrences WHERE occurrence_id = ?",
                        occurrence));
    }

    /** Player → status of everybody who has a participation. */
    Map<String, String> statuses(UUID occurrence) {
        return database.read(connection -> {
            Map<String, String> found = new HashMap<>();
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT user_id, status FROM liveops.event_participations
                             WHERE occurrence_id = ?
                            """)) {
                select.setObject(1, occurrence);
                ResultSet row = select.executeQuery();
                while (row.next()) {
                    found.put(row.getString(1), row.getString(2));
                }
            }
            return found;
        });
    }

    /** Who holds a place. */
    List<String> in(UUID occurrence) {
        List<String> players = new ArrayList<>();
        statuses(occurrence)
                .forEach((player, status) -> {
                    if (!status.equals("cancelled")) {
                        players.add(player);
                    }
                });
        return players;
    }

    String one(String sql, Object... values) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(sql)) {
                bind(select, values);
                ResultSet row = select.executeQuery();
                row.next();
                return String.valueOf(row.getString(1));
            }
        });
    }

    void execute(String sql, @Nullable Object... values) {
        database.read(connection -> execute(connection, sql, values));
    }

    private static int execute(Connection connection, String sql, @Nullable Object... values)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            return statement.executeUpdate();
        }
    }

    private static void bind(PreparedStatement statement, @Nullable Object... values)
            throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
    }

    @Override
    public void close() {
        feature.close();
        idempotency.close();
        occurrences.close();
        feed.close();
        pool.close();
    }
}
