package dev.jubilee.server.bus.delivery;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads what came of deliveries. */
final class AttemptReads {
    private static final int MOST_OF_AN_EVENT = 10_000;
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
            double durationMs,
            Instant deliveredAt,
            @Nullable Instant nextRetryAt,
            boolean isLastAttempt) {}

    /** How one subscription stands to one event. */
    record Standing(String subscriptionId, String status, List<View> attempts) {}

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

    /** Whoever the event was for, and is or was owed it. */
    static List<Standing> ofEvent(Connection connection, String eventId) throws SQLException {
        Map<String, List<View>> attempts = new LinkedHashMap<>();
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT "
                                + COLUMNS
                                + "FROM bus.event_deliveries WHERE event_id = ? ORDER BY id LIMIT ?")) {
            select.setString(1, eventId);
            select.setInt(2, MOST_OF_AN_EVENT);
            for (View view : read(select)) {
                attempts.computeIfAbsent(view.subscriptionId(), s -> new ArrayList<>()).add(view);
            }
        }
        Map<String, String> open = new LinkedHashMap<>();
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT subscription_id::text, 'dead' FROM bus.dead_letters WHERE event_id = ?
                        UNION ALL
                        SELECT subscription_id::text, 'pending' FROM bus.pending_deliveries WHERE event_id = ?
                        """)) {
            select.setString(1, eventId);
            select.setString(2, eventId);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    open.put(row.getString(1), row.getString(2));
                    attempts.putIfAbsent(row.getString(1), List.of());
                }
            }
        }
        List<Standing> standings = new ArrayList<>();
        attempts.forEach((subscription, tries) ->
                standings.add(
                        new Standing(
                                subscription,
                                open.getOrDefault(subscription, ended(tries)),
                                List.copyOf(tries))));
        return standings;
    }

    /** What nobody owes any more was delivered, or given up and then dropped. */
    private static String ended(List<View> tries) {
        boolean delivered = tries.stream().anyMatch(one -> one.status().equals("delivered"));
        return delivered ? "delivered" : "dead";
    }

    private static List<View> read(PreparedStatement select) throws SQLException {
        List<View> views = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                OffsetDateTime next = row.getObject(12, OffsetDateTime.class);
                views.add(
                        new View(
                                row.getString(1),
                                row.getString(2),
                                row.getString(3),
                                row.getInt(4),
                                row.getString(5),
                                row.getString(6),
                                row.getString(7),
                                row.getString(8),
                                row.getObject(9, Integer.class),
                                row.getDouble(10),
                                row.getObject(11, OffsetDateTime.class).toInstant(),
                                next == null ? null : next.toInstant(),
                                row.getBoolean(13)));
            }
        }
        return views;
    }
}
