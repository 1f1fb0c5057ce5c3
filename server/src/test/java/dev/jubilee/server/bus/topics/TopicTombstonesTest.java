package dev.jubilee.server.bus.topics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
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
                    .containsExactlyInAnyOrder("owed", "dead", "young");
            assertThat(TopicTombstones.holds(connection, "old")).isFalse();
            assertThat(TopicTombstones.holds(connection, "owed")).isTrue();
        }
    }

    private static void owe(Connection connection, String topic) throws SQLException {
        execute(
                connection,
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                    due_at, taken, accepted_at)
                VALUES ('%s', 1, 'e1', 'game.kill', '%s', 1, '{}', now(), false, now())
                """
                        .formatted(UUID.randomUUID(), topic));
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
