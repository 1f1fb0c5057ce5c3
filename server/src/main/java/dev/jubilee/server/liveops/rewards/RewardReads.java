package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.json.Numbers;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads rewards and grants. Thread-safe. */
final class RewardReads {
    /**
     * A reward of an event.
     *
     * @param currentClaims in the latest occurrence that has begun, as {@code maxClaims} is for
     *     each
     * @param mine the player's most recent grant of it; null without a player, or without a grant
     */
    record Definition(
            String rewardId,
            String rewardType,
            JsonNode rewardValue,
            @Nullable JsonNode rewardCondition,
            @Nullable Integer maxClaims,
            int currentClaims,
            boolean isActive,
            @Nullable Grant mine) {}

    /** A page of grants, and how many there are in all. */
    record Grants(List<Grant> grants, long total) {}

    private final Database database;

    RewardReads(Database database) {
        this.database = database;
    }

    /**
     * The rewards of an event in the order of their making; empty when there is no such event.
     *
     * @param drafts whether one that is not published is there
     */
    Optional<List<Definition>> definitions(
            String eventId, @Nullable String userId, boolean drafts) {
        return database.read(connection ->
                exists(connection, eventId, drafts)
                        ? Optional.of(definitions(connection, eventId, userId))
                        : Optional.empty());
    }

    /** The sum of the amounts of all rewards; one without an amount adds nothing. */
    static BigDecimal totalValue(List<Definition> definitions) {
        BigDecimal total = BigDecimal.ZERO;
        for (Definition definition : definitions) {
            JsonNode amount = definition.rewardValue().get("amount");
            BigDecimal worth = amount != null && amount.isNumber() ? Numbers.worth(amount) : null;
            if (worth != null) {
                total = total.add(worth);
            }
        }
        return total;
    }

    /** A player's grants, the latest first. */
    Grants grantsOf(
            String userId, @Nullable String eventId, Grant.@Nullable Status status, Page page) {
        return database.read(connection -> grantsOf(connection, userId, eventId, status, page));
    }

    private static boolean exists(Connection connection, String eventId, boolean drafts)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.events e WHERE event_id = ? AND (? OR (status <> 'draft'
                           AND (status <> 'cancelled' OR EXISTS (
                               SELECT FROM liveops.occurrences o WHERE o.event_id = e.event_id))))
                        """)) {
            statement.setString(1, eventId);
            statement.setBoolean(2, drafts);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }

    private static List<Definition> definitions(
            Connection connection, String eventId, @Nullable String userId) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT r.reward_id AS definition_id, r.reward_type AS definition_type,
                               r.reward_value AS definition_value, r.reward_condition, r.max_claims,
                               coalesce(c.current_claims, 0), r.is_active, %s
                          FROM liveops.event_rewards r
                          LEFT JOIN LATERAL (
                               SELECT o.occurrence_id FROM liveops.occurrences o WHERE o.event_id = r.event_id
                                ORDER BY o.status = 'scheduled', o.number DESC LIMIT 1) o ON true
                          LEFT JOIN liveops.occurrence_rewards c
                                 ON c.occurrence_id = o.occurrence_id AND c.reward_id = r.reward_id
                          LEFT JOIN LATERAL (
                               SELECT * FROM liveops.grants g
                                WHERE g.user_id = ? AND g.event_id = r.event_id AND g.reward_id = r.reward_id
                                ORDER BY g.id DESC LIMIT 1) g ON true
                         WHERE r.event_id = ? ORDER BY r.id
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setString(1, userId);
            statement.setString(2, eventId);
            List<Definition> definitions = new ArrayList<>();
            Grant.Reader grants = new Grant.Reader();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    String condition = row.getString(4);
                    definitions.add(
                            new Definition(
                                    row.getString(1),
                                    row.getString(2),
                                    Json.tree(row.getString(3)),
                                    condition == null ? null : Json.tree(condition),
                                    row.getObject(5, Integer.class),
                                    row.getInt(6),
                                    row.getBoolean(7),
                                    row.getString("id") == null ? null : grants.read(row)));
                }
            }
            return definitions;
        }
    }

    private static Grants grantsOf(
            Connection connection,
            String userId,
            @Nullable String eventId,
            Grant.@Nullable Status status,
            Page page)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH found AS (
                            SELECT %s FROM liveops.grants g
                             WHERE g.user_id = ? AND (?::text IS NULL OR g.event_id = ?)
                               AND (?::text IS NULL OR g.status = ?)),
                        page AS (SELECT * FROM found ORDER BY id DESC LIMIT ? OFFSET ?)
                        SELECT n.total, page.* FROM (SELECT count(*) AS total FROM found) n LEFT JOIN page ON true
                         ORDER BY page.id DESC
                        """
                                .formatted(Grant.COLUMNS))) {
            String wanted = status == null ? null : status.text();
            statement.setString(1, userId);
            statement.setString(2, eventId);
            statement.setString(3, eventId);
            statement.setString(4, wanted);
            statement.setString(5, wanted);
            statement.setInt(6, page.limit());
            statement.setInt(7, page.offset());
            List<Grant> grants = new ArrayList<>();
            Grant.Reader reader = new Grant.Reader();
            long total = 0;
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    total = row.getLong("total");
                    if (row.getString("id") != null) {
                        grants.add(reader.read(row));
                    }
                }
            }
            return new Grants(grants, total);
        }
    }
}
