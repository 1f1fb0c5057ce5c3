package dev.jubilee.server.bus.store;

import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.database.Database;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The status of stored events. No column holds it: it follows from the rows of pending deliveries
 * and dead letters, and from how far routing has come. Blocks. Thread-safe.
 */
public final class EventStatuses {
    /**
     * The columns that {@link #of(ResultSet, String, long)} reads, for an {@code e} that is an
     * event's place.
     */
    static final String COLUMNS =
            """
            EXISTS (SELECT FROM bus.dead_letters d WHERE d.event_id = e.event_id) AS dead,
            EXISTS (SELECT FROM bus.pending_deliveries p WHERE p.event_id = e.event_id) AS owed,
            (SELECT ARRAY[coalesce(sum(s.again), 0)::int, (count(*) FILTER (WHERE s.given_up))::int]
                FROM (SELECT count(*) FILTER (WHERE a.attempt_number > 1) AS again,
                        bool_or(a.status = 'dead') AND NOT bool_or(a.status = 'delivered') AS given_up
                    FROM bus.event_deliveries a WHERE a.event_id = e.event_id
                    GROUP BY a.subscription_id) s) AS tries,
            (SELECT o.next_offset FROM platform.consumer_offsets o WHERE o.consumer_group = '%1$s'
                AND o.topic = e.topic AND o.partition = e.partition ORDER BY o.updated_at DESC LIMIT 1) AS routed,
            EXISTS (SELECT FROM bus.topics t
                JOIN platform.consumer_offsets o ON o.topic = t.name AND o.topic_id <> t.kafka_topic_id
                WHERE t.name = e.topic AND t.created_at > e.accepted_at AND o.consumer_group = '%1$s') AS older_than_topic
            """
                    .formatted(Subscriptions.ROUTING_GROUP);

    private final Database database;
    private final Predicate<String> subscribed;

    /** An event, and where and since when Kafka has it. */
    public record Place(
            String eventId, String topic, int partition, long offset, Instant acceptedAt) {}

    /**
     * @param status {@code processing}, {@code completed} or {@code failed}
     * @param retries deliveries after the first to each subscription
     */
    public record Outcome(String status, int retries) {}

    /**
     * @param subscribed whether anything of a topic is delivered to anybody
     */
    EventStatuses(Database database, Predicate<String> subscribed) {
        this.database = database;
        this.subscribed = subscribed;
    }

    /** Of each of these events, by its id, in one query. */
    public Map<String, Outcome> of(List<Place> events) {
        Map<String, Outcome> eventStatuses = new HashMap<>();
        if (events.isEmpty()) {
            return eventStatuses;
        }
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            "SELECT e.event_id, e.topic, e.\"offset\", "
                                    + COLUMNS
                                    + """
                                    FROM unnest(?::text[], ?::text[], ?::int[], ?::bigint[], ?::timestamptz[])
                                        AS e (event_id, topic, partition, "offset", accepted_at)
                                    """)) {
                select.setArray(1, array(connection, "text", events.stream().map(Place::eventId)));
                select.setArray(2, array(connection, "text", events.stream().map(Place::topic)));
                select.setArray(
                        3, array(connection, "int4", events.stream().map(Place::partition)));
                select.setArray(4, array(connection, "int8", events.stream().map(Place::offset)));
                select.setArray(
                        5,
                        array(
                                connection,
                                "timestamptz",
                                events.stream().map(e -> e.acceptedAt().toString())));
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        eventStatuses.put(
                                row.getString(1), of(row, row.getString(2), row.getLong(3)));
                    }
                }
            }
            return eventStatuses;
        });
    }

    private static Array array(Connection connection, String type, Stream<?> values)
            throws SQLException {
        return connection.createArrayOf(type, values.toArray());
    }

    /**
     * A dead letter is a failure, also once it was dropped; what is owed, or not yet held against
     * the subscriptions, goes on.
     */
    Outcome of(ResultSet row, String topic, long offset) throws SQLException {
        Integer[] tries = (Integer[]) row.getArray("tries").getArray();
        return new Outcome(status(row, topic, offset, tries[1] > 0), tries[0]);
    }

    private String status(ResultSet row, String topic, long offset, boolean givenUp)
            throws SQLException {
        if (row.getBoolean("dead")) {
            return "failed";
        }
        // Of a topic that was deleted and made again: its offsets were others.
        boolean isRouted =
                !subscribed.test(topic)
                        || row.getLong("routed") > offset
                        || row.getBoolean("older_than_topic");
        if (row.getBoolean("owed") || !isRouted) {
            return "processing";
        }
        return givenUp ? "failed" : "completed";
    }
}
