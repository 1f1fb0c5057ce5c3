package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RewindDuringCatchUpTest {
    @RegisterExtension static final Platform platform = new Platform();

    private final UUID id = UUID.randomUUID();

    /** It holds its positions, and what it brings is to be seen only once it has committed. */
    @Test
    void whatACatchUpIsBringingIsDroppedToo() throws Exception {
        try (Connection bringing = platform.connection();
                Connection rewinding = platform.connection()) {
            execute(
                    bringing,
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, method)
                    VALUES ('%1$s', '%1$s', 's', 'sse');
                    INSERT INTO bus.subscription_catch_ups VALUES ('%1$s', '%2$s', 0, 't', 0)
                    """
                            .formatted(id, UUID.randomUUID()));
            bringing.setAutoCommit(false);
            rewinding.setAutoCommit(false);
            execute(
                    bringing,
                    """
                    SELECT FROM bus.subscription_catch_ups WHERE subscription_id = '%1$s' FOR UPDATE;
                    INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, priority,
                        body, due_at, taken, accepted_at)
                    VALUES ('%1$s', 1, 'e1', 'game.kill', 't', 1, '', now(), false, now());
                    UPDATE bus.subscription_catch_ups SET next_offset = 1 WHERE subscription_id = '%1$s'
                    """
                            .formatted(id));
            int pid = number(rewinding, "SELECT pg_backend_pid()");
            CompletableFuture<Void> rewound = CompletableFuture.runAsync(() -> rewind(rewinding));
            Await.untilAsserted("it waits", () -> assertThat(waits(pid)).isTrue());

            bringing.commit();
            rewound.get(2, TimeUnit.MINUTES);
        }
        try (Connection connection = platform.connection()) {
            assertThat(owed(connection, "bus.subscription_catch_ups")).isZero();
            assertThat(owed(connection, "bus.pending_deliveries")).isZero();
        }
    }

    private void rewind(Connection connection) {
        try {
            SubscriptionStore.rewind(connection, id, StartFrom.NOW);
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean waits(int pid) throws SQLException {
        try (Connection connection = platform.connection()) {
            return number(
                            connection,
                            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = "
                                    + pid)
                    == 1;
        }
    }

    private int owed(Connection connection, String table) throws SQLException {
        return number(
                connection,
                "SELECT count(*) FROM %s WHERE subscription_id = '%s'".formatted(table, id));
    }

    private static int number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
