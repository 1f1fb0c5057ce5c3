package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads attempts. */
final class AttemptReads {
    private static final int MOST_OF_AN_EVENT = 1_000;

    /** The most bytes of answers and errors; the last attempt may reach beyond. */
    private static final long MOST_BYTES = 1L << 20;

    private static final String COLUMNS =
            """
            id, event_id, subscription_id, attempt_number, status, method, response, error_message, status_code,
            duration_ms, delivered_at, next_retry_at, is_last_attempt
            """;

    private AttemptReads() {}

    /** One try, as callers see it. */
    record View(
            String id,
            String eventId,
            String subscriptionId,
            int attemptNumber,
            String status,
            String method,
            @Nullable String response,
            @Nullable String errorMessage,
            @Nullable Integer statusCode,
            @Nullable Double durationMs,
            Instant deliveredAt,
            @Nullable Instant nextRetryAt,
            boolean isLastAttempt) {
        /** The same without what the endpoint answered. */
        View withoutAnswer() {
            return new View(
                    id,
                    eventId,
                    subscriptionId,
                    attemptNumber,
                    status,
                    method,
                    null,
                    null,
                    null,
                    durationMs,
                    deliveredAt,
                    nextRetryAt,
                    isLastAttempt);
        }
    }

    /** The status of one event for one subscription, and a part of its attempts. */
    record Standing(String subscriptionId, String status, List<View> attempts) {
        /** The same without what the endpoint answered. */
        Standing withoutAnswers() {
            return new Standing(
                    subscriptionId, status, attempts.stream().map(View::withoutAnswer).toList());
        }
    }

    /**
     * A part of an event's attempts.
     *
     * @param next the attempt behind which to go on; null when these are the last
     */
    record Part(List<Standing> standings, @Nullable UUID next) {}

    /** The latest first, before the one given. */
    static List<View> ofSubscription(
            Connection connection, UUID subscription, @Nullable UUID before, int limit)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT "
                                + COLUMNS
                                + """
                                FROM bus.event_deliveries
                                WHERE subscription_id = ? AND (?::uuid IS NULL OR id < ?)
                                ORDER BY id DESC LIMIT ?
                                """)) {
            select.setString(1, subscription.toString());
            select.setObject(2, before);
            select.setObject(3, before);
            select.setInt(4, limit);
            return read(select);
        }
    }

    /**
     * Attempts to deliver an event, the earliest first, by subscription. The first part also names
     * subscriptions without an attempt in it that are owed the event or have given it up.
     *
     * @param after the last attempt of the part before; null for the first part
     */
    static Part ofEvent(Connection connection, String eventId, @Nullable UUID after)
            throws SQLException {
        Tries tries = tries(connection, eventId, after);
        Map<String, List<View>> attempts = new LinkedHashMap<>();
        for (View view : tries.views()) {
            attempts.computeIfAbsent(view.subscriptionId(), s -> new ArrayList<>()).add(view);
        }
        Map<String, String> statuses = statuses(connection, eventId);
        if (after == null) {
            statuses.forEach((subscription, status) -> {
                if (!status.equals("delivered")) {
                    attempts.putIfAbsent(subscription, List.of());
                }
            });
        }
        List<Standing> standings = new ArrayList<>();
        attempts.forEach((subscription, those) ->
                standings.add(
                        new Standing(
                                subscription,
                                statuses.getOrDefault(subscription, "dropped"),
                                List.copyOf(those))));
        return new Part(standings, tries.next());
    }

    private record Tries(List<View> views, @Nullable UUID next) {}

    private static Tries tries(Connection connection, String eventId, @Nullable UUID after)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        WITH next AS (
                            SELECT %s FROM bus.event_deliveries
                            WHERE event_id = ? AND (?::uuid IS NULL OR id > ?) ORDER BY id LIMIT ?
                        ), sized AS (
                            SELECT *, coalesce(octet_length(response), 0) + coalesce(octet_length(error_message), 0) AS size
                            FROM next
                        ), measured AS (
                            SELECT *, sum(size) OVER (ORDER BY id) AS bytes FROM sized
                        )
                        SELECT * FROM measured WHERE bytes - size < ? ORDER BY id
                        """
                                .formatted(COLUMNS))) {
            select.setString(1, eventId);
            select.setObject(2, after);
            select.setObject(3, after);
            select.setInt(4, MOST_OF_AN_EVENT);
            select.setLong(5, MOST_BYTES);
            List<View> views = new ArrayList<>();
            long bytes = 0;
            UUID last = null;
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    views.add(view(row));
                    bytes = row.getLong("bytes");
                    last = row.getObject(1, UUID.class);
                }
            }
            boolean full = views.size() == MOST_OF_AN_EVENT || bytes >= MOST_BYTES;
            return new Tries(views, full ? last : null);
        }
    }

    /**
     * The status of each subscription. One whose delivery was tried, and is neither owed nor ended,
     * is missing: the delivery was dropped.
     */
    private static Map<String, String> statuses(Connection connection, String eventId)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT subscription_id, (ARRAY['dead', 'delivered', 'dead', 'pending'])[max(standing)]
                        FROM (
                            SELECT subscription_id, CASE status WHEN 'dead' THEN 1 ELSE 2 END AS standing
                            FROM bus.event_deliveries WHERE event_id = ? AND status IN ('dead', 'delivered')
                            UNION ALL
                            SELECT subscription_id::text, 3 FROM bus.dead_letters WHERE event_id = ?
                            UNION ALL
                            SELECT subscription_id::text, 4 FROM bus.pending_deliveries WHERE event_id = ?
                        ) known
                        GROUP BY subscription_id
                        """)) {
            for (int i = 1; i <= 3; i++) {
                select.setString(i, eventId);
            }
            Map<String, String> statuses = new LinkedHashMap<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    statuses.put(row.getString(1), row.getString(2));
                }
            }
            return statuses;
        }
    }

    private static List<View> read(PreparedStatement select) throws SQLException {
        List<View> views = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                views.add(view(row));
            }
        }
        return views;
    }

    private static View view(ResultSet row) throws SQLException {
        double millis = row.getDouble(10);
        Double took = row.wasNull() ? null : millis;
        return new View(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getInt(4),
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.getString(8),
                row.getObject(9, Integer.class),
                took,
                Timestamps.instant(row, 11),
                Timestamps.instantOrNull(row, 12),
                row.getBoolean(13));
    }
}
