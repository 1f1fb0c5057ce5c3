package dev.jubilee.server.bus.topics;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Timestamps;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** The rows of {@code bus.topics}. */
final class TopicStore {
    static final String SUBJECT = "topics";

    private static final String COLUMNS =
            """
            id, name, kafka_topic_id, description, schema, partitions, replication_factor, retention_hours,
            status, category, owner_service, created_at, updated_at, is_system_topic, requires_auth, enable_dlq
            """;

    private TopicStore() {}

    /** One creation of a name at a time, over all instances, until the transaction ends. */
    static void lock(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT pg_advisory_xact_lock(hashtextextended('bus.topics ' || ?, 0))")) {
            statement.setString(1, name);
            statement.execute();
        }
    }

    static Optional<Topic> find(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        "SELECT " + COLUMNS + " FROM bus.topics WHERE name = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(read(row)) : Optional.empty();
            }
        }
    }

    static List<Topic> all(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement(
                                "SELECT " + COLUMNS + " FROM bus.topics ORDER BY name");
                ResultSet row = statement.executeQuery()) {
            List<Topic> topics = new ArrayList<>();
            while (row.next()) {
                topics.add(read(row));
            }
            return topics;
        }
    }

    static Topic insert(Connection connection, NewTopicRequest asked, KafkaTopics.Made made)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.topics (name, kafka_topic_id, description, schema, partitions,
                            replication_factor, retention_hours, category, owner_service, is_system_topic,
                            requires_auth, enable_dlq)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        RETURNING
                        """
                                + COLUMNS)) {
            statement.setString(1, asked.name());
            statement.setObject(2, made.id());
            statement.setString(3, asked.description());
            statement.setString(4, asked.schema());
            statement.setInt(5, made.partitions());
            statement.setInt(6, made.replicationFactor());
            statement.setInt(7, asked.retentionHours());
            statement.setString(8, asked.category());
            statement.setString(9, asked.ownerService());
            statement.setBoolean(10, asked.isSystemTopic());
            statement.setBoolean(11, asked.requiresAuth());
            statement.setBoolean(12, asked.enableDlq());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                Topic topic = read(row);
                ChangeFeed.announce(connection, SUBJECT, topic.name());
                return topic;
            }
        }
    }

    static Topic update(Connection connection, Topic topic, Instant at) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        UPDATE bus.topics
                           SET description = ?, schema = ?, partitions = ?, retention_hours = ?, status = ?, category = ?,
                               owner_service = ?, is_system_topic = ?, requires_auth = ?, enable_dlq = ?, updated_at = ?
                         WHERE name = ?
                        RETURNING
                        """
                                + COLUMNS)) {
            statement.setString(1, topic.description());
            statement.setString(2, topic.schema());
            statement.setInt(3, topic.partitions());
            statement.setInt(4, topic.retentionHours());
            statement.setString(5, topic.status());
            statement.setString(6, topic.category());
            statement.setString(7, topic.ownerService());
            statement.setBoolean(8, topic.isSystemTopic());
            statement.setBoolean(9, topic.requiresAuth());
            statement.setBoolean(10, topic.enableDlq());
            statement.setObject(11, Timestamps.utc(at));
            statement.setString(12, topic.name());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                ChangeFeed.announce(connection, SUBJECT, topic.name());
                return read(row);
            }
        }
    }

    static void delete(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("DELETE FROM bus.topics WHERE name = ?")) {
            statement.setString(1, name);
            statement.executeUpdate();
            ChangeFeed.announce(connection, SUBJECT, name);
        }
    }

    /** By consumer group, how far each has come in the topic's partitions. */
    static Map<String, Map<Integer, Long>> positions(Connection connection, Topic topic)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT consumer_group, partition, next_offset
                          FROM platform.consumer_offsets WHERE topic_id = ?
                        """)) {
            statement.setObject(1, topic.kafkaTopicId());
            try (ResultSet row = statement.executeQuery()) {
                Map<String, Map<Integer, Long>> positions = new TreeMap<>();
                while (row.next()) {
                    positions
                            .computeIfAbsent(row.getString(1), group -> new HashMap<>())
                            .put(row.getInt(2), row.getLong(3));
                }
                return positions;
            }
        }
    }

    private static Topic read(ResultSet row) throws SQLException {
        return new Topic(
                row.getObject("id", UUID.class),
                row.getString("name"),
                row.getObject("kafka_topic_id", UUID.class),
                row.getString("description"),
                row.getString("schema"),
                row.getInt("partitions"),
                row.getInt("replication_factor"),
                row.getInt("retention_hours"),
                row.getString("status"),
                row.getString("category"),
                row.getString("owner_service"),
                Timestamps.instant(row, "created_at"),
                Timestamps.instant(row, "updated_at"),
                row.getBoolean("is_system_topic"),
                row.getBoolean("requires_auth"),
                row.getBoolean("enable_dlq"));
    }
}
