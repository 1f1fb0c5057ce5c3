package dev.jubilee.server.bus.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DeadLetterStoreTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void aListDoesNotReadTheEventsThemselves() throws SQLException {
        UUID subscription = UUID.randomUUID();
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's');
                    INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body,
                        attempts, reason, accepted_at, dead_at)
                    VALUES (uuidv7(), '%1$s', 'e1', 'game.kill', 't', 1, '', 1, 'r', now(), now());
                    ALTER TABLE bus.dead_letters DROP COLUMN body
                    """
                            .formatted(subscription));

            assertThat(
                            DeadLetterStore.page(
                                    connection, subscription, DeadLetterStore.Query.ALL, null, 10))
                    .extracting(DeadLetterStore.DeadLetter::eventId)
                    .containsExactly("e1");
            connection.rollback();
        }
    }
}
