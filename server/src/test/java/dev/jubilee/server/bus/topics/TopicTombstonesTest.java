package dev.jubilee.server.bus.topics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TopicTombstonesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant THEN = Instant.parse("2026-11-01T00:00:00Z");

    @Test
    void oneIsForgottenWhenNothingOfItsTopicIsKept() throws Exception {
        try (Connection connection = platform.connection()) {
            TopicTombstones.put(connection, "old", THEN);
            TopicTombstones.put(connection, "owed", THEN);
            TopicTombstones.put(connection, "dead", THEN);
            TopicTombstones.put(connection, "young", THEN.plusSeconds(1));
            owe(connection, "owed");
            bury(connection, "dead");

            TopicTombstones.forget(connection, THEN.plusSeconds(1));

            assertThat(TopicTombstones.all(connection))
                    .contains("owed", "dead", "young")
                    .doesNotContain("old");
            assertThat(TopicTombstones.holds(connection, "old")).isFalse();
            assertThat(TopicTombstones.holds(connection, "owed")).isTrue();
        }
    }

    /** Its name could never be forgotten else: nobody may have what waits until it opens. */
    @Test
    void whatWaitsForATopicThatWillNotComeAgainIsDropped() throws Exception {
        try (Connection connection = platform.connection()) {
            for (String name : List.of("gone", "gone.too", "again", "of.admin", "later")) {
                TopicTombstones.put(connection, name, THEN);
            }
            TopicTombstones.put(connection, "later", THEN.plusSeconds(1));
            UUID service = subscription(connection, "service");
            for (String name : List.of("gone", "gone", "gone.too", "again", "later", "never.was")) {
                owe(connection, service, name);
            }
            owe(connection, subscription(connection, "admin"), "of.admin");
            execute(
                    connection,
                    "INSERT INTO bus.topics (name, kafka_topic_id) VALUES ('again', gen_random_uuid())");

            int parts = 1;
            while (TopicTombstones.dropOwed(connection, THEN.plusSeconds(1), 2)) {
                parts++;
            }
            TopicTombstones.forget(connection, THEN.plusSeconds(1));

            assertThat(parts).isEqualTo(2);
            assertThat(owed(connection)).contains("again", "later", "never.was", "of.admin");
            assertThat(owed(connection)).doesNotContain("gone", "gone.too");
            assertThat(TopicTombstones.all(connection))
                    .contains("again", "of.admin", "later")
                    .doesNotContain("gone", "gone.too");
        }
    }

    private static UUID subscription(Connection connection, String role) throws SQLException {
        UUID id = UUID.randomUUID();
        execute(
                connection,
                """
                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, owner_id, owner_role)
                VALUES ('%1$s', '%1$s', 's', 'k', '%2$s')
                """
                        .formatted(id, role));
        return id;
    }

    private static List<String> owed(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT topic FROM bus.pending_deliveries")) {
            List<String> topics = new ArrayList<>();
            while (row.next()) {
                topics.add(row.getString(1));
            }
            return topics;
        }
    }

    private static void owe(Connection connection, String topic) throws SQLException {
        owe(connection, UUID.randomUUID(), topic);
    }

    private static void owe(Connection connection, UUID subscription, String topic)
            throws SQLException {
        execute(
                connection,
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                VALUES ('%s', nextval('bus.delivery_ids'), 'e1', 'game.kill', '%s', 1, '{}', now(), false, now())
                """
                        .formatted(subscription, topic));
    }

    private static void bury(Connection connection, String topic) throws SQLException {
        UUID subscription = UUID.randomUUID();
        execute(
                connection,
                """
                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's');
                INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body, reason,
                    attempts, accepted_at, dead_at)
                VALUES (uuidv7(), '%1$s', 'e1', 'game.kill', '%2$s', 1, '{}', 'r', 1, now(), now())
                """
                        .formatted(subscription, topic));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
