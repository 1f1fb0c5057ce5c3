package dev.jubilee.server.bus.delivery.deadletters;

import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The SQL of dead letters. */
final class DeadLetterStore {
    private static final String COLUMNS =
            """
            id, subscription_id, event_id, event_type, topic, key, reason, status_code, attempts, accepted_at,
            dead_at, edited_at
            """;

    /** The condition of a {@link Query}; its parameters are bound by {@link #bind}. */
    private static final String SELECTED =
            """
            subscription_id = ? AND (?::uuid[] IS NULL OR id = ANY (?))
                AND (?::text IS NULL OR event_type = ?) AND (?::text IS NULL OR topic = ?)
                AND (?::text IS NULL OR event_id = ?) AND (?::text IS NULL OR position(? IN reason) > 0)
            """;

    private DeadLetterStore() {}

    /** One delivery that was given up, without the event itself, which may be large. */
    record DeadLetter(
            UUID id,
            UUID subscriptionId,
            String eventId,
            String eventType,
            String topic,
            @Nullable String key,
            String reason,
            @Nullable Integer statusCode,
            int attempts,
            Instant acceptedAt,
            Instant deadAt,
            @Nullable Instant editedAt) {}

    /** The same with its event, as CloudEvents JSON. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Whole(DeadLetter letter, byte[] body) {}

    /** Which of a subscription's are meant; null for all. */
    record Query(
            @Nullable List<String> deadLetterIds,
            @Nullable String eventType,
            @Nullable String topic,
            @Nullable String eventId,
            @Nullable String reason) {
        static final Query ALL = new Query(null, null, null, null, null);
    }

    /**
     * @param closed topics of which none are told
     */
    static List<DeadLetter> page(
            Connection connection,
            UUID subscription,
            Query query,
            List<String> closed,
            @Nullable UUID after,
            int limit)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT "
                                + COLUMNS
                                + "FROM bus.dead_letters WHERE "
                                + SELECTED
                                + "AND topic <> ALL (?) AND (?::uuid IS NULL OR id > ?)"
                                + " ORDER BY id LIMIT ?")) {
            int next = bind(connection, select, 1, subscription, query);
            select.setArray(next++, connection.createArrayOf("text", closed.toArray()));
            select.setObject(next++, after);
            select.setObject(next++, after);
            select.setInt(next, limit);
            try (ResultSet row = select.executeQuery()) {
                List<DeadLetter> found = new ArrayList<>();
                while (row.next()) {
                    found.add(read(row));
                }
                return found;
            }
        }
    }

    static long count(Connection connection, UUID subscription, Query query) throws SQLException {
        return count(connection, subscription, query, List.of());
    }

    /**
     * @param closed topics of which none are counted
     */
    static long count(Connection connection, UUID subscription, Query query, List<String> closed)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT count(*) FROM bus.dead_letters WHERE "
                                + SELECTED
                                + "AND topic <> ALL (?)")) {
            int next = bind(connection, select, 1, subscription, query);
            select.setArray(next, connection.createArrayOf("text", closed.toArray()));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** The latest of those that are meant. */
    static Optional<UUID> last(Connection connection, UUID subscription, Query query)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT id FROM bus.dead_letters WHERE "
                                + SELECTED
                                + "ORDER BY id DESC LIMIT 1")) {
            bind(connection, select, 1, subscription, query);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getObject(1, UUID.class)) : Optional.empty();
            }
        }
    }

    static Optional<Whole> find(Connection connection, UUID subscription, UUID id)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT "
                                + COLUMNS
                                + ", body FROM bus.dead_letters WHERE subscription_id = ? AND id = ?")) {
            select.setObject(1, subscription);
            select.setObject(2, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Whole(read(row), row.getBytes("body")))
                        : Optional.empty();
            }
        }
    }

    static void edit(Connection connection, UUID id, byte[] body, Instant at) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE bus.dead_letters SET body = ?, edited_at = ? WHERE id = ?")) {
            update.setBytes(1, body);
            update.setObject(2, Timestamps.utc(at));
            update.setObject(3, id);
            update.executeUpdate();
        }
    }

    static boolean drop(Connection connection, UUID subscription, UUID id) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement(
                        "DELETE FROM bus.dead_letters WHERE subscription_id = ? AND id = ?")) {
            delete.setObject(1, subscription);
            delete.setObject(2, id);
            return delete.executeUpdate() == 1;
        }
    }

    /** Owes again what was given up, so many at most, and returns how many there were. */
    static int redrive(Connection connection, UUID subscription, Query query, UUID last, int limit)
            throws SQLException {
        long firstId = PendingStore.nextBlock(connection);
        try (PreparedStatement move =
                connection.prepareStatement(
                        """
                        WITH gone AS (
                            DELETE FROM bus.dead_letters WHERE id IN (
                                SELECT id FROM bus.dead_letters WHERE
                        """
                                + SELECTED
                                + """
                                            AND id <= ? ORDER BY id LIMIT ? FOR UPDATE)
                                    RETURNING *
                                ), moved AS (
                                    INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, key,
                                        priority, body, attempts, due_at, taken, accepted_at)
                                    SELECT subscription_id, ? + row_number() OVER (ORDER BY id), event_id, event_type, topic,
                                        key, priority, body, 0, accepted_at, false, accepted_at
                                    FROM gone RETURNING 1
                                )
                                SELECT count(*) FROM moved
                                """)) {
            int next = bind(connection, move, 1, subscription, query);
            move.setObject(next++, last);
            move.setInt(next++, limit);
            move.setLong(next, firstId);
            try (ResultSet row = move.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    private static int bind(
            Connection connection,
            PreparedStatement statement,
            int first,
            UUID subscription,
            Query query)
            throws SQLException {
        int i = first;
        statement.setObject(i++, subscription);
        List<String> ids = query.deadLetterIds();
        for (int twice = 0; twice < 2; twice++) {
            statement.setArray(
                    i++, ids == null ? null : connection.createArrayOf("uuid", ids.toArray()));
        }
        for (String value :
                new @Nullable String[] {
                    query.eventType(), query.topic(), query.eventId(), query.reason()
                }) {
            statement.setString(i++, value);
            statement.setString(i++, value);
        }
        return i;
    }

    private static DeadLetter read(ResultSet row) throws SQLException {
        return new DeadLetter(
                row.getObject(1, UUID.class),
                row.getObject(2, UUID.class),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.getObject(8, Integer.class),
                row.getInt(9),
                Timestamps.instant(row, 10),
                Timestamps.instant(row, 11),
                Timestamps.instantOrNull(row, 12));
    }
}
