package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.server.bus.subscriptions.Subscription.Batching;
import dev.jubilee.server.bus.subscriptions.Subscription.Ordering;
import dev.jubilee.server.bus.subscriptions.Subscription.State;
import dev.jubilee.server.bus.subscriptions.Subscription.Status;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The SQL of subscriptions. */
final class SubscriptionStore {
    /** The subject of the change feed. */
    static final String SUBJECT = "subscriptions";

    private SubscriptionStore() {}

    /** How a list is narrowed; null for not at all. */
    record Query(@Nullable String serviceName, @Nullable String method, @Nullable String status) {}

    /** Changes of subscriptions come one after the other. Returns the version before this one. */
    static long change(Connection connection, UUID id) throws SQLException {
        ChangeFeed.announce(connection, SUBJECT, id.toString());
        try (PreparedStatement update =
                        connection.prepareStatement(
                                """
                                UPDATE bus.subscription_version SET version = version + 1
                                RETURNING version - 1
                                """);
                ResultSet row = update.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    static long version(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement(
                                "SELECT version FROM bus.subscription_version");
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    static void insert(Connection connection, Subscription subscription) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.event_subscriptions (service_name, topic_pattern, event_types, endpoint,
                            filter, auth_token, max_retries, retry_delay, retry_policy, rate_limit_per_min,
                            enable_batching, batch_size, batch_window_ms, requires_ack, ack_deadline, ordering,
                            signing_secrets, starts_at, status, status_reason, updated_at,
                            id, subscription_id, method, start_from, created_at, last_active, owner_id, owner_role)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?,
                            ?, ?, ?, ?, ?, ?, ?, ?)
                        """)) {
            int next = bind(insert, subscription);
            insert.setObject(next++, subscription.id());
            insert.setString(next++, subscription.id().toString());
            insert.setString(next++, subscription.method().text());
            insert.setString(next++, subscription.startFrom());
            insert.setObject(next++, Timestamps.utc(subscription.state().createdAt()));
            insert.setObject(next++, Timestamps.utc(subscription.state().lastActive()));
            Principal owner = subscription.owner();
            insert.setString(next++, owner == null ? null : owner.id());
            insert.setString(next, owner == null ? null : owner.role().text());
            insert.executeUpdate();
        }
    }

    static void update(Connection connection, Subscription subscription) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE bus.event_subscriptions SET service_name = ?, topic_pattern = ?, event_types = ?,
                            endpoint = ?, filter = ?, auth_token = ?, max_retries = ?, retry_delay = ?,
                            retry_policy = ?, rate_limit_per_min = ?, enable_batching = ?, batch_size = ?,
                            batch_window_ms = ?, requires_ack = ?, ack_deadline = ?, ordering = ?,
                            signing_secrets = ?, starts_at = ?::jsonb, status = ?, status_reason = ?,
                            updated_at = ?
                        WHERE id = ?
                        """)) {
            int next = bind(update, subscription);
            update.setObject(next, subscription.id());
            update.executeUpdate();
        }
    }

    private static int bind(PreparedStatement statement, Subscription it) throws SQLException {
        int i = 1;
        statement.setString(i++, it.serviceName());
        statement.setString(i++, it.topicPattern());
        statement.setString(i++, it.eventTypes().isEmpty() ? null : Json.text(it.eventTypes()));
        statement.setString(i++, it.endpoint());
        statement.setString(i++, it.filter());
        statement.setString(i++, it.authToken());
        statement.setInt(i++, it.retry().maxRetries());
        statement.setInt(i++, (int) it.retry().delay().toSeconds());
        statement.setString(i++, RetryPlans.text(it.retry().plan()));
        statement.setInt(i++, it.rateLimitPerMin());
        statement.setBoolean(i++, it.batching().enabled());
        statement.setInt(i++, it.batching().size());
        statement.setInt(i++, (int) it.batching().window().toMillis());
        statement.setBoolean(i++, it.requiresAck());
        statement.setInt(i++, (int) it.ackDeadline().toSeconds());
        statement.setString(i++, it.ordering().text());
        statement.setString(i++, it.signingSecrets());
        statement.setString(i++, Json.text(it.startsAt()));
        statement.setString(i++, it.state().status().text());
        statement.setString(i++, it.state().statusReason());
        statement.setObject(
                i++, Timestamps.utc(it.state().updatedAt()), Types.TIMESTAMP_WITH_TIMEZONE);
        return i;
    }

    /**
     * What is kept of it begins anew; what is owed is dropped. Its catch-ups first: whoever is at
     * one brings what must be seen when that is dropped.
     */
    static void rewind(Connection connection, UUID id, String startFrom) throws SQLException {
        try (PreparedStatement update =
                        connection.prepareStatement(
                                """
                                UPDATE bus.event_subscriptions SET rewinds = rewinds + 1, start_from = ?,
                                    circuit = 'closed', circuit_until = NULL
                                WHERE id = ?
                                """);
                PreparedStatement catchUps =
                        connection.prepareStatement(
                                "DELETE FROM bus.subscription_catch_ups WHERE subscription_id = ?")) {
            update.setString(1, startFrom);
            update.setObject(2, id);
            update.executeUpdate();
            catchUps.setObject(1, id);
            catchUps.executeUpdate();
        }
        OwedDeliveries.dropRest(connection, id);
    }

    static void insertCatchUps(
            Connection connection, UUID id, List<StartPositions.CatchUp> catchUps)
            throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(
                        "INSERT INTO bus.subscription_catch_ups VALUES (?, ?, ?, ?, ?)")) {
            for (StartPositions.CatchUp one : catchUps) {
                insert.setObject(1, id);
                insert.setObject(2, one.partition().topicId());
                insert.setInt(3, one.partition().partition());
                insert.setString(4, one.topic());
                insert.setLong(5, one.offset());
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    /** Ends its catch-ups with those topics where they are. */
    static void deleteCatchUps(Connection connection, UUID id, Collection<UUID> topicIds)
            throws SQLException {
        if (topicIds.isEmpty()) {
            return;
        }
        try (PreparedStatement delete =
                connection.prepareStatement(
                        """
                        DELETE FROM bus.subscription_catch_ups WHERE subscription_id = ? AND topic_id = ANY (?)
                        """)) {
            delete.setObject(1, id);
            delete.setArray(2, connection.createArrayOf("uuid", topicIds.toArray()));
            delete.executeUpdate();
        }
    }

    /**
     * Deletes the subscription, with what it is owed. The caller has locked it, as everybody does
     * before changing that.
     */
    static void delete(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("DELETE FROM bus.event_subscriptions WHERE id = ?")) {
            delete.setObject(1, id);
            delete.executeUpdate();
        }
        OwedDeliveries.dropRest(connection, id);
    }

    static Optional<Subscription> find(Connection connection, UUID id, boolean toChange)
            throws SQLException {
        String lock = toChange ? " FOR NO KEY UPDATE" : "";
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT * FROM bus.event_subscriptions WHERE id = ?" + lock)) {
            select.setObject(1, id);
            List<Subscription> found = read(select);
            return found.isEmpty() ? Optional.empty() : Optional.of(found.getFirst());
        }
    }

    /**
     * Whether the subscription exists. If so it is not deleted before the end of the transaction.
     */
    static boolean hold(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT FROM bus.event_subscriptions WHERE id = ? FOR KEY SHARE")) {
            select.setObject(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    /** Whose subscriptions name this topic as their pattern, or as the topic to be written to. */
    static List<String> services(Connection connection, String topic) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT service_name FROM bus.event_subscriptions
                         WHERE topic_pattern = ? OR (method = 'kafka' AND endpoint = ?)
                         ORDER BY id
                        """)) {
            select.setString(1, topic);
            select.setString(2, topic);
            List<String> names = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString(1));
                }
            }
            return names;
        }
    }

    static List<Subscription> all(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT * FROM bus.event_subscriptions ORDER BY id")) {
            return read(select);
        }
    }

    static List<Subscription> page(Connection connection, Query query, int limit, int offset)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT * FROM bus.event_subscriptions"
                                + WHERE
                                + "ORDER BY id LIMIT ? OFFSET ?")) {
            int next = bind(select, query);
            select.setInt(next++, limit);
            select.setInt(next, offset);
            return read(select);
        }
    }

    static int count(Connection connection, Query query) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT count(*) FROM bus.event_subscriptions" + WHERE)) {
            bind(select, query);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    private static final String WHERE =
            """

            WHERE (?::text IS NULL OR service_name = ?) AND (?::text IS NULL OR method = ?)
                AND (?::text IS NULL OR status = ?)
            """;

    private static int bind(PreparedStatement select, Query query) throws SQLException {
        int i = 1;
        for (String value :
                new @Nullable String[] {query.serviceName(), query.method(), query.status()}) {
            select.setString(i++, value);
            select.setString(i++, value);
        }
        return i;
    }

    private static List<Subscription> read(PreparedStatement select) throws SQLException {
        try (ResultSet row = select.executeQuery()) {
            List<Subscription> found = new ArrayList<>();
            while (row.next()) {
                found.add(read(row));
            }
            return found;
        }
    }

    private static Subscription read(ResultSet row) throws SQLException {
        return new Subscription(
                row.getObject("id", UUID.class),
                row.getString("service_name"),
                row.getString("topic_pattern"),
                types(row.getString("event_types")),
                DeliveryMethod.of(row.getString("method")),
                row.getString("endpoint"),
                row.getString("filter"),
                row.getString("auth_token"),
                row.getString("signing_secrets"),
                new RetryPolicy(
                        row.getInt("max_retries"),
                        Duration.ofSeconds(row.getInt("retry_delay")),
                        plan(row.getString("retry_policy"))),
                row.getInt("rate_limit_per_min"),
                new Batching(
                        row.getBoolean("enable_batching"),
                        row.getInt("batch_size"),
                        Duration.ofMillis(row.getInt("batch_window_ms"))),
                row.getBoolean("requires_ack"),
                Duration.ofSeconds(row.getInt("ack_deadline")),
                Ordering.of(row.getString("ordering")),
                row.getString("start_from"),
                startsAt(row.getString("starts_at")),
                owner(row),
                state(row));
    }

    private static @Nullable Principal owner(ResultSet row) throws SQLException {
        String id = row.getString("owner_id");
        return id == null ? null : new Principal(id, Role.of(row.getString("owner_role")));
    }

    private static State state(ResultSet row) throws SQLException {
        return new State(
                Status.of(row.getString("status")),
                row.getString("status_reason"),
                row.getString("circuit"),
                Timestamps.instantOrNull(row, "circuit_until"),
                Timestamps.instant(row, "created_at"),
                Timestamps.instant(row, "updated_at"),
                Timestamps.instant(row, "last_active"),
                row.getInt("rewinds"));
    }

    private static List<String> types(@Nullable String json) {
        List<String> types = new ArrayList<>();
        if (json != null) {
            Json.tree(json).forEach(type -> types.add(type.stringValue()));
        }
        return List.copyOf(types);
    }

    private static RetryPolicy.@Nullable Plan plan(@Nullable String json) {
        return json == null ? null : RetryPlans.read(Json.tree(json), 1);
    }

    private static Map<UUID, List<Long>> startsAt(String json) {
        Map<UUID, List<Long>> starts = new HashMap<>();
        for (Map.Entry<String, JsonNode> topic : Json.tree(json).properties()) {
            List<Long> offsets = new ArrayList<>();
            topic.getValue().forEach(offset -> offsets.add(offset.longValue()));
            starts.put(UUID.fromString(topic.getKey()), List.copyOf(offsets));
        }
        return Map.copyOf(starts);
    }
}
