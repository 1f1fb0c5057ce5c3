package dev.jubilee.server.bus.delivery.relays;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RelayStoreTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private final UUID subscription = UUID.randomUUID();

    @Test
    void aBatchThatCouldNotBeWrittenIsOnRecordAndItsNextAttemptHasTheNextNumber()
            throws SQLException {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
        try (Connection connection = platform.connection()) {
            owe(connection);
            assertThat(RelayStore.take(connection, subscription, 7, 1, RelayMemory.MOST, List.of()))
                    .hasSize(1);
            RelayStore.settle(connection, subscription, 7, NOW);
            assertThat(
                            RelayStore.take(
                                    connection, subscription, 8, 10, RelayMemory.MOST, List.of()))
                    .hasSize(2);

            assertThat(RelayStore.fail(connection, subscription, 7, "fenced", NOW)).isEqualTo(2);

            assertThat(
                            RelayStore.take(
                                    connection, subscription, 8, 10, RelayMemory.MOST, List.of()))
                    .hasSize(2);
            RelayStore.settle(connection, subscription, 8, NOW);
            assertThat(recorded(connection))
                    .containsExactly(
                            "e1 1 delivered kafka t",
                            "e2 1 failed kafka fenced f",
                            "e2 2 delivered kafka t",
                            "e3 1 failed kafka fenced f",
                            "e3 2 delivered kafka t");
        }
    }

    private void owe(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority, body,
                        due_at, taken, accepted_at)
                    SELECT '%s', n, 'e' || n, 'game.kill', 't', 1, '', now(), false, now()
                    FROM generate_series(1, 3) n
                    """
                            .formatted(subscription));
        }
    }

    private List<String> recorded(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                """
                                SELECT concat_ws(' ', event_id, attempt_number, status, method, error_message,
                                    is_last_attempt)
                                FROM bus.event_deliveries WHERE subscription_id = '%s' ORDER BY event_id, attempt_number
                                """
                                        .formatted(subscription))) {
            List<String> rows = new ArrayList<>();
            while (row.next()) {
                rows.add(row.getString(1));
            }
            return rows;
        }
    }
}
