package dev.jubilee.server.liveops;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.EventId;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.progress.ProgressParts;
import dev.jubilee.server.liveops.rewards.RewardSettings;
import dev.jubilee.server.liveops.rewards.Rewards;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.players.Players;
import dev.jubilee.server.testing.MutableClock;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One instance's worth of live-ops on a test's database, and short ways to set it up and to look.
 * Several of them on one database are several instances.
 */
public final class Scene implements AutoCloseable {
    public static final Instant START = MutableClock.START;
    public static final Instant END = START.plusSeconds(3600);
    public static final Duration CLAIM_TIMEOUT = Duration.ofDays(1);

    private final HikariDataSource dataSource;
    private final Database database;
    private final ChangeFeed feed;
    private final Occurrences occurrences;
    private final Players players;
    private final Rewards rewards;
    private final EventId ids;
    private final MutableClock clock;

    public Scene(Platform platform) {
        HikariConfig pool = new HikariConfig();
        pool.setJdbcUrl(platform.databaseUrl());
        pool.setUsername(platform.user());
        pool.setPassword(platform.password());
        pool.setMaximumPoolSize(10);
        clock = platform.clock();
        dataSource = new HikariDataSource(pool);
        database = new Database(dataSource);
        feed = new ChangeFeed(dataSource);
        occurrences =
                new Occurrences(database, new RulesReader(new Conditions(), 100), feed, clock);
        players = new Players(database, feed, clock);
        ids = new EventId(clock);
        rewards =
                new Rewards(
                        database, ids, clock, new RewardSettings(CLAIM_TIMEOUT), LaneListener.NONE);
        feed.start();
        occurrences.start();
    }

    public Database database() {
        return database;
    }

    public Occurrences occurrences() {
        return occurrences;
    }

    public Rewards rewards() {
        return rewards;
    }

    public MutableClock clock() {
        return clock;
    }

    public PostgresOffsets offsets() {
        return new PostgresOffsets(dataSource, "platform.consumer_offsets");
    }

    public ProgressParts parts() {
        return new ProgressParts(database, occurrences, players, rewards.grants(), ids, clock);
    }

    /** A live event with one active occurrence from {@link #START} to {@link #END}. */
    public Occurrence occurrence(String eventId, int capacity, String settings, String rewards) {
        UUID id = announce(eventId, capacity, settings, rewards);
        occurrences.refresh(id);
        return Objects.requireNonNull(occurrences.byId(id));
    }

    /** The same, made by somebody else: this instance's directory is not told. */
    public UUID announce(String eventId, int capacity, String settings, String rewards) {
        UUID id = ids.next();
        run(
                """
                INSERT INTO liveops.events (event_id, name, event_type, category, status, start_time, end_time,
                    max_participants, created_by, created_at, updated_at)
                VALUES (?, 'A test', 'special', 'limited', 'active', ?::timestamptz, ?::timestamptz, ?::integer, 'test', now(), now())
                """,
                eventId,
                START,
                END,
                capacity);
        run(
                """
                INSERT INTO liveops.event_rewards (reward_id, event_id, reward_type, reward_value, created_at, updated_at)
                SELECT r ->> 'reward_id', ?, r ->> 'reward_type', r -> 'reward_value', now(), now()
                  FROM jsonb_array_elements(?::jsonb) r
                """,
                eventId,
                rewards);
        run(
                """
                INSERT INTO liveops.occurrences (occurrence_id, event_id, number, starts_at, ends_at, status, config,
                    config_version, max_participants)
                VALUES (?::uuid, ?, 1, ?::timestamptz, ?::timestamptz, 'active',
                        jsonb_build_object('requirements', '{}'::jsonb, 'settings', ?::jsonb, 'rewards', ?::jsonb), 1, ?::integer)
                """,
                id,
                eventId,
                START,
                END,
                settings,
                rewards,
                capacity);
        return id;
    }

    /** Lets players in at that time. */
    public void join(Occurrence occurrence, Instant at, String... users) {
        for (String user : users) {
            run(
                    """
                    INSERT INTO liveops.event_participations (id, event_id, occurrence_id, user_id, participation_type, participation_time)
                    VALUES (?::uuid, ?, ?::uuid, ?, 'manual', ?::timestamptz)
                    """,
                    ids.next(),
                    occurrence.eventId(),
                    occurrence.occurrenceId(),
                    user,
                    at);
        }
    }

    /** Gives a player a score. */
    public void score(Occurrence occurrence, String user, double score, Instant reachedAt) {
        run(
                """
                UPDATE liveops.event_participations SET score = ?::float8, reached_at = ?::timestamptz
                 WHERE occurrence_id = ?::uuid AND user_id = ?
                """,
                score,
                reachedAt,
                occurrence.occurrenceId(),
                user);
    }

    /** Executes a statement; parameters are passed as text. */
    public void run(String sql, Object... parameters) {
        database.transaction(connection -> {
            try (PreparedStatement statement = prepare(connection, sql, parameters)) {
                return statement.executeUpdate();
            }
        });
    }

    /** The first column of every row, as text. */
    public List<String> column(String sql, Object... parameters) {
        return database.read(connection -> {
            List<String> values = new ArrayList<>();
            try (PreparedStatement statement = prepare(connection, sql, parameters);
                    ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    values.add(String.valueOf(row.getString(1)));
                }
            }
            return values;
        });
    }

    /** The one value of a query. */
    public String value(String sql, Object... parameters) {
        List<String> values = column(sql, parameters);
        if (values.size() != 1) {
            throw new AssertionError("expected one row, found " + values);
        }
        return values.getFirst();
    }

    /** Whether a transaction on this database waits for another. */
    public boolean isAnyoneWaiting() {
        return !column(
                        """
                        SELECT pid FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """)
                .isEmpty();
    }

    /** A metric of a player; {@code null} as text when it has none. */
    public String metric(Occurrence occurrence, String user, String metric) {
        return value(
                "SELECT progress ->> ? FROM liveops.event_participations WHERE occurrence_id = ?::uuid AND user_id = ?",
                metric,
                occurrence.occurrenceId(),
                user);
    }

    @Override
    public void close() {
        rewards.close();
        feed.close();
        occurrences.close();
        dataSource.close();
    }

    private static PreparedStatement prepare(
            Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setString(i + 1, String.valueOf(parameters[i]));
        }
        return statement;
    }
}
