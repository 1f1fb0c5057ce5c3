package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.rules.Config;
import dev.jubilee.server.liveops.rules.RulesReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** The rows of live events and of their reward definitions. */
final class LiveEventStore {
    private final RulesReader rules;

    LiveEventStore(RulesReader rules) {
        this.rules = rules;
    }

    /** Makes all writes to live events of this id wait for this transaction, also of a new one. */
    static void serialize(Connection connection, String eventId) throws SQLException {
        try (PreparedStatement lock =
                connection.prepareStatement(
                        "SELECT pg_advisory_xact_lock(hashtextextended('event ' || ?, 0))")) {
            lock.setString(1, eventId);
            lock.execute();
        }
    }

    /**
     * The same without waiting.
     *
     * @return false if this would have to wait itself
     */
    static boolean trySerialize(Connection connection, String eventId) throws SQLException {
        try (PreparedStatement lock =
                connection.prepareStatement(
                        "SELECT pg_try_advisory_xact_lock(hashtextextended('event ' || ?, 0))")) {
            lock.setString(1, eventId);
            ResultSet row = lock.executeQuery();
            row.next();
            return row.getBoolean(1);
        }
    }

    /** How many live events are not finished. */
    static int unfinished(Connection connection) throws SQLException {
        try (PreparedStatement count =
                connection.prepareStatement(
                        """
                        SELECT count(*) FROM liveops.events
                         WHERE status IN ('draft', 'scheduled', 'active')
                        """)) {
            ResultSet row = count.executeQuery();
            row.next();
            return row.getInt(1);
        }
    }

    /** False when an event of that id is there already. */
    static boolean insert(Connection connection, LiveEvent event) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO liveops.events (name, description, event_type, category, status, start_time,
                               end_time, duration, max_participants, requirements, rewards, settings, version,
                               updated_at, event_id, created_by, created_at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?)
                        ON CONFLICT (event_id) DO NOTHING
                        """)) {
            setFields(insert, event);
            insert.setString(15, event.eventId());
            insert.setString(16, event.createdBy());
            insert.setObject(17, Timestamps.utc(event.createdAt()));
            return insert.executeUpdate() == 1;
        }
    }

    static void update(Connection connection, LiveEvent event) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.events
                           SET name = ?, description = ?, event_type = ?, category = ?, status = ?, start_time = ?,
                               end_time = ?, duration = ?, max_participants = ?, requirements = ?::jsonb,
                               rewards = ?::jsonb, settings = ?::jsonb, version = ?, updated_at = ?
                         WHERE event_id = ?
                        """)) {
            setFields(update, event);
            update.setString(15, event.eventId());
            update.executeUpdate();
        }
    }

    /**
     * The event, locked until the transaction ends; null when there is none.
     *
     * @throws dev.jubilee.server.http.ProblemException 409 when what is stored cannot be read
     */
    @Nullable LiveEvent lock(Connection connection, String eventId) throws SQLException {
        return lock(connection, eventId, this::thaw);
    }

    private Config thaw(JsonNode stored) {
        try {
            return rules.thaw(stored);
        } catch (ProblemException e) {
            throw Problem.conflict(
                            "event_unreadable",
                            "The rules that are stored with the event cannot be read any more; it"
                                    + " can only be called off, by DELETE. "
                                    + e.problem().detail())
                    .asException();
        }
    }

    /** Whether an occurrence's rules can be read, so that it runs and can be closed. */
    boolean isReadable(Connection connection, UUID occurrenceId) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT config FROM liveops.occurrences WHERE occurrence_id = ?")) {
            select.setObject(1, occurrenceId);
            ResultSet row = select.executeQuery();
            row.next();
            thaw(Json.tree(row.getString(1)));
            return true;
        } catch (ProblemException e) {
            return false;
        }
    }

    /** The same without rules, which so need not be readable: enough to call the event off. */
    static @Nullable LiveEvent lockWithoutRules(Connection connection, String eventId)
            throws SQLException {
        return lock(
                connection,
                eventId,
                config ->
                        Config.withoutRules(
                                config.path("requirements"),
                                config.path("settings"),
                                config.path("rewards")));
    }

    private static @Nullable LiveEvent lock(
            Connection connection, String eventId, Function<JsonNode, Config> reading)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT event_id, name, description, event_type, category, status, start_time, end_time,
                               max_participants, current_participants, requirements, rewards, settings, version,
                               created_by, created_at, updated_at
                          FROM liveops.events WHERE event_id = ? FOR UPDATE
                        """)) {
            select.setString(1, eventId);
            ResultSet row = select.executeQuery();
            return row.next() ? event(row, reading) : null;
        }
    }

    /**
     * Makes the definitions of rewards those of the event; what was claimed stays, inactive. Rows
     * of rewards that stay are not made anew: a claim under way counts in them.
     */
    static void writeRewards(Connection connection, LiveEvent event) throws SQLException {
        String rewards = Json.text(event.config().rewards());
        try (PreparedStatement drop =
                        connection.prepareStatement(
                                """
                                DELETE FROM liveops.event_rewards r
                                 WHERE r.event_id = ? AND r.current_claims = 0
                                   AND NOT EXISTS (SELECT FROM jsonb_array_elements(?::jsonb) given
                                                    WHERE given ->> 'reward_id' = r.reward_id)
                                """);
                PreparedStatement retire =
                        connection.prepareStatement(
                                """
                                UPDATE liveops.event_rewards r SET is_active = false, updated_at = ?
                                 WHERE r.event_id = ? AND r.is_active
                                   AND NOT EXISTS (SELECT FROM jsonb_array_elements(?::jsonb) given
                                                    WHERE given ->> 'reward_id' = r.reward_id)
                                """);
                PreparedStatement upsert =
                        connection.prepareStatement(
                                """
                                INSERT INTO liveops.event_rewards AS r (reward_id, event_id, reward_type, reward_value,
                                       reward_condition, max_claims, created_at, updated_at)
                                SELECT reward_id, ?, reward_type, reward_value, reward_condition, max_claims, ?, ?
                                  FROM jsonb_to_recordset(?::jsonb) AS given (reward_id text, reward_type text,
                                       reward_value jsonb, reward_condition jsonb, max_claims integer)
                                ON CONFLICT (event_id, reward_id) DO UPDATE
                                   SET reward_type = excluded.reward_type, reward_value = excluded.reward_value,
                                       reward_condition = excluded.reward_condition, max_claims = excluded.max_claims,
                                       is_active = true, updated_at = excluded.updated_at
                                 WHERE (r.reward_type, r.reward_value, r.reward_condition, r.max_claims, r.is_active)
                                       IS DISTINCT FROM (excluded.reward_type, excluded.reward_value,
                                                         excluded.reward_condition, excluded.max_claims, true)
                                """)) {
            drop.setString(1, event.eventId());
            drop.setString(2, rewards);
            drop.executeUpdate();
            retire.setObject(1, Timestamps.utc(event.updatedAt()));
            retire.setString(2, event.eventId());
            retire.setString(3, rewards);
            retire.executeUpdate();
            upsert.setString(1, event.eventId());
            upsert.setObject(2, Timestamps.utc(event.updatedAt()));
            upsert.setObject(3, Timestamps.utc(event.updatedAt()));
            upsert.setString(4, rewards);
            upsert.executeUpdate();
        }
    }

    private static void setFields(PreparedStatement statement, LiveEvent event)
            throws SQLException {
        statement.setString(1, event.name());
        statement.setString(2, event.description());
        statement.setString(3, event.eventType());
        statement.setString(4, event.category());
        statement.setString(5, event.status().text());
        statement.setObject(6, Timestamps.utc(event.window().start()));
        setInstant(statement, 7, event.window().end());
        statement.setObject(8, event.window().seconds(), Types.INTEGER);
        statement.setInt(9, event.maxParticipants());
        statement.setString(10, Json.text(event.config().requirements()));
        statement.setString(11, Json.text(event.config().rewards()));
        statement.setString(12, Json.text(event.config().settings()));
        statement.setInt(13, event.version());
        statement.setObject(14, Timestamps.utc(event.updatedAt()));
    }

    private static LiveEvent event(ResultSet row, Function<JsonNode, Config> reading)
            throws SQLException {
        var config = JsonNodeFactory.instance.objectNode();
        for (String section : new String[] {"requirements", "rewards", "settings"}) {
            JsonNode value = Json.tree(row.getString(section));
            config.set(section, value);
        }
        return new LiveEvent(
                row.getString("event_id"),
                row.getString("name"),
                row.getString("description"),
                row.getString("event_type"),
                row.getString("category"),
                LiveEventStatus.of(row.getString("status")),
                new EventWindow(
                        Timestamps.instant(row, "start_time"),
                        Timestamps.instantOrNull(row, "end_time")),
                row.getInt("max_participants"),
                row.getInt("current_participants"),
                reading.apply(config),
                row.getInt("version"),
                row.getString("created_by"),
                Timestamps.instant(row, "created_at"),
                Timestamps.instant(row, "updated_at"));
    }

    static void setInstant(PreparedStatement statement, int index, @Nullable Instant instant)
            throws SQLException {
        statement.setObject(
                index,
                instant == null ? null : Timestamps.utc(instant),
                Types.TIMESTAMP_WITH_TIMEZONE);
    }
}
