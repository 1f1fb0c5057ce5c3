package dev.jubilee.server.liveops.events;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.json.Json;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Live events as they are answered. */
final class EventReads {
    private static final int FIRST_PAGE = 20;
    private static final double FOUR_DIGITS = 10_000;

    /** What takes so long to count is not counted for more than a tenth of the time. */
    private static final Duration SLOW = Duration.ofMillis(100);

    private static final int SHARE = 9;
    private static final int MAX_KEPT = 2_000;

    private final Database database;
    private final Ticker ticker;
    private final Cache<UUID, Counts> slowCounts;

    /** What there is of an occurrence, and how long it took to count. */
    private record Counts(long completed, long earned, long claimed, Duration took) {}

    EventReads(Database database) {
        this(database, Ticker.systemTicker());
    }

    EventReads(Database database, Ticker ticker) {
        this.database = database;
        this.ticker = ticker;
        this.slowCounts =
                Caffeine.newBuilder()
                        .ticker(ticker)
                        .maximumSize(MAX_KEPT)
                        .expireAfter(
                                Expiry.creating((UUID occurrence, Counts counts) ->
                                        counts.took().multipliedBy(SHARE)))
                        .build();
    }

    /**
     * {@code events, total, page, limit}; without the configurations, which one event's page has.
     */
    ObjectNode list(ListQuery query) {
        return database.read(connection -> list(connection, query));
    }

    private static ObjectNode list(Connection connection, ListQuery query) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT e.*, count(*) OVER () AS total FROM liveops.events e
                         WHERE (?::text IS NULL OR event_type = ?) AND (?::text IS NULL OR category = ?)
                           AND (?::text IS NULL OR status = ?) AND (? OR status <> 'draft')
                           AND (? OR status <> 'cancelled' OR EXISTS (
                               SELECT FROM liveops.occurrences o WHERE o.event_id = e.event_id))
                         ORDER BY start_time DESC, event_id LIMIT ? OFFSET ?
                        """)) {
            select.setString(1, query.eventType());
            select.setString(2, query.eventType());
            select.setString(3, query.category());
            select.setString(4, query.category());
            select.setString(5, query.status());
            select.setString(6, query.status());
            select.setBoolean(7, query.drafts());
            select.setBoolean(8, query.drafts());
            select.setInt(9, query.page().limit());
            select.setInt(10, query.page().offset());
            ResultSet row = select.executeQuery();
            ObjectNode answer = JsonNodeFactory.instance.objectNode();
            ArrayNode events = answer.putArray("events");
            long total = 0;
            while (row.next()) {
                total = row.getLong("total");
                events.add(summary(row));
            }
            if (events.isEmpty() && query.page().number() > 1) {
                total = total(connection, query);
            }
            return paged(answer, total, query.page());
        }
    }

    /** The total of a page beyond the last. */
    private static long total(Connection connection, ListQuery query) throws SQLException {
        ListQuery first =
                new ListQuery(
                        query.eventType(),
                        query.category(),
                        query.status(),
                        new Page(1, 1),
                        query.drafts());
        return list(connection, first).get("total").longValue();
    }

    /** An event with its configuration; null when there is none. */
    @Nullable ObjectNode info(Connection connection, String eventId) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT * FROM liveops.events WHERE event_id = ?")) {
            select.setString(1, eventId);
            ResultSet row = select.executeQuery();
            if (!row.next()) {
                return null;
            }
            ObjectNode info = summary(row);
            for (String section : new String[] {"requirements", "rewards", "settings"}) {
                info.set(section, Json.tree(row.getString(section)));
            }
            info.put("version", row.getInt("version"));
            info.put("created_by", row.getString("created_by"));
            info.put("created_at", Timestamps.instant(row, "created_at").toString());
            info.put("updated_at", Timestamps.instant(row, "updated_at").toString());
            return info;
        }
    }

    /** A draft, and one that was called off as a draft: neither was ever shown. */
    private static boolean isUnpublished(ObjectNode info, @Nullable ObjectNode run) {
        String status = info.get("status").stringValue();
        return status.equals("draft") || (status.equals("cancelled") && run == null);
    }

    /**
     * Whether there is such an event.
     *
     * @param drafts whether one that is not published is there
     */
    boolean isThere(String eventId, boolean drafts) {
        return database.read(connection -> {
            ObjectNode info = info(connection, eventId);
            return info != null && (drafts || !isUnpublished(info, current(connection, eventId)));
        });
    }

    /** {@code event_info, participants, rewards, analytics}; null when there is no such event. */
    @Nullable ObjectNode detail(String eventId, boolean drafts) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        database.read(connection -> {
            ObjectNode info = info(connection, eventId);
            if (info == null) {
                return answer;
            }
            ObjectNode run = current(connection, eventId);
            if (!drafts && isUnpublished(info, run)) {
                return answer;
            }
            answer.set("event_info", info);
            if (run != null) {
                info.set("occurrence", run);
            }
            UUID occurrence =
                    run == null
                            ? new UUID(0, 0)
                            : UUID.fromString(run.get("occurrence_id").stringValue());
            int count = info.get("current_participants").intValue();
            answer.set("participants", participants(connection, occurrence, count));
            answer.set("rewards", rewards(connection, eventId));
            answer.set("analytics", analytics(connection, occurrence, count));
            return answer;
        });
        return answer.isEmpty() ? null : answer;
    }

    /** {@code occurrences, total, page, limit}, the latest first. */
    ObjectNode occurrences(String eventId, Page page) {
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT o.*, count(*) OVER () AS total FROM liveops.occurrences o
                             WHERE event_id = ? ORDER BY number DESC LIMIT ? OFFSET ?
                            """)) {
                select.setString(1, eventId);
                select.setInt(2, page.limit());
                select.setInt(3, page.offset());
                ResultSet row = select.executeQuery();
                ObjectNode answer = JsonNodeFactory.instance.objectNode();
                ArrayNode list = answer.putArray("occurrences");
                long total = 0;
                while (row.next()) {
                    total = row.getLong("total");
                    list.add(occurrence(row));
                }
                return paged(answer, total, page);
            }
        });
    }

    private static ObjectNode summary(ResultSet row) throws SQLException {
        ObjectNode event = JsonNodeFactory.instance.objectNode();
        event.put("event_id", row.getString("event_id"));
        event.put("name", row.getString("name"));
        if (row.getString("description") != null) {
            event.put("description", row.getString("description"));
        }
        event.put("event_type", row.getString("event_type"));
        event.put("category", row.getString("category"));
        event.put("status", row.getString("status"));
        event.put("start_time", Timestamps.instant(row, "start_time").toString());
        var end = Timestamps.instantOrNull(row, "end_time");
        if (end != null) {
            event.put("end_time", end.toString());
            event.put("duration", row.getInt("duration"));
        }
        event.put("max_participants", row.getInt("max_participants"));
        event.put("current_participants", row.getInt("current_participants"));
        return event;
    }

    /** The current occurrence: the running one, else the one that waits, else the latest. */
    private static @Nullable ObjectNode current(Connection connection, String eventId)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT * FROM liveops.occurrences WHERE event_id = ?
                         ORDER BY status = 'active' DESC, number DESC LIMIT 1
                        """)) {
            select.setString(1, eventId);
            ResultSet row = select.executeQuery();
            return row.next() ? occurrence(row) : null;
        }
    }

    private static ObjectNode occurrence(ResultSet row) throws SQLException {
        ObjectNode occurrence = JsonNodeFactory.instance.objectNode();
        occurrence.put("occurrence_id", row.getString("occurrence_id"));
        occurrence.put("number", row.getInt("number"));
        occurrence.put("status", row.getString("status"));
        var starts = Timestamps.instant(row, "starts_at");
        if (!starts.equals(OccurrenceWriter.NOT_BY_ITSELF)) {
            occurrence.put("starts_at", starts.toString());
        }
        var ends = Timestamps.instantOrNull(row, "ends_at");
        if (ends != null) {
            occurrence.put("ends_at", ends.toString());
        }
        occurrence.put("max_participants", row.getInt("max_participants"));
        occurrence.put("current_participants", row.getInt("current_participants"));
        var completed = Timestamps.instantOrNull(row, "completed_at");
        if (completed != null) {
            occurrence.put("completed_at", completed.toString());
        }
        return occurrence;
    }

    /**
     * The number of participants and the first of them, which everybody may read; nothing of their
     * progress.
     */
    private static ObjectNode participants(Connection connection, UUID occurrence, int count)
            throws SQLException {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.put("count", count);
        ArrayNode first = answer.putArray("participants");
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT user_id FROM liveops.event_participations
                         WHERE occurrence_id = ? AND status <> 'cancelled' ORDER BY user_id LIMIT ?
                        """)) {
            select.setObject(1, occurrence);
            select.setInt(2, FIRST_PAGE);
            ResultSet row = select.executeQuery();
            while (row.next()) {
                first.addObject().put("user_id", row.getString("user_id"));
            }
        }
        return answer;
    }

    /** Claims are counted in the latest occurrence that has begun, for each of which a cap is. */
    private static ArrayNode rewards(Connection connection, String eventId) throws SQLException {
        ArrayNode rewards = JsonNodeFactory.instance.arrayNode();
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT r.reward_id, r.reward_type, r.reward_value, r.reward_condition, r.max_claims,
                               coalesce(c.current_claims, 0) AS current_claims
                          FROM liveops.event_rewards r
                          LEFT JOIN LATERAL (
                               SELECT o.occurrence_id FROM liveops.occurrences o WHERE o.event_id = r.event_id
                                ORDER BY o.status = 'scheduled', o.number DESC LIMIT 1) o ON true
                          LEFT JOIN liveops.occurrence_rewards c
                                 ON c.occurrence_id = o.occurrence_id AND c.reward_id = r.reward_id
                         WHERE r.event_id = ? AND r.is_active
                         ORDER BY r.created_at, r.id
                        """)) {
            select.setString(1, eventId);
            ResultSet row = select.executeQuery();
            while (row.next()) {
                ObjectNode reward = rewards.addObject();
                reward.put("reward_id", row.getString("reward_id"));
                reward.put("reward_type", row.getString("reward_type"));
                reward.set("reward_value", Json.tree(row.getString("reward_value")));
                if (row.getString("reward_condition") != null) {
                    reward.set("reward_condition", Json.tree(row.getString("reward_condition")));
                }
                if (row.getObject("max_claims") != null) {
                    reward.put("max_claims", row.getInt("max_claims"));
                }
                reward.put("current_claims", row.getInt("current_claims"));
            }
        }
        return rewards;
    }

    private ObjectNode analytics(Connection connection, UUID occurrence, int count)
            throws SQLException {
        Counts counts = slowCounts.getIfPresent(occurrence);
        if (counts == null) {
            counts = count(connection, occurrence);
            if (counts.took().compareTo(SLOW) >= 0) {
                slowCounts.put(occurrence, counts);
            }
        }
        double rate = count == 0 ? 0 : (double) counts.completed() / count;
        ObjectNode analytics = JsonNodeFactory.instance.objectNode();
        analytics.put("participants", count);
        analytics.put("completed", counts.completed());
        analytics.put("completion_rate", Math.round(rate * FOUR_DIGITS) / FOUR_DIGITS);
        analytics.put("rewards_earned", counts.earned());
        analytics.put("rewards_claimed", counts.claimed());
        return analytics;
    }

    private Counts count(Connection connection, UUID occurrence) throws SQLException {
        long start = ticker.read();
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT (SELECT count(*) FROM liveops.event_participations
                                 WHERE occurrence_id = ? AND status = 'completed') AS completed,
                               count(*) AS earned,
                               count(*) FILTER (WHERE status IN ('claimed', 'delivered')) AS claimed
                          FROM liveops.grants WHERE occurrence_id = ?
                        """)) {
            select.setObject(1, occurrence);
            select.setObject(2, occurrence);
            ResultSet row = select.executeQuery();
            row.next();
            return new Counts(
                    row.getLong("completed"),
                    row.getLong("earned"),
                    row.getLong("claimed"),
                    Duration.ofNanos(ticker.read() - start));
        }
    }

    private static ObjectNode paged(ObjectNode answer, long total, Page page) {
        answer.put("total", total);
        answer.put("page", page.number());
        answer.put("limit", page.limit());
        return answer;
    }
}
