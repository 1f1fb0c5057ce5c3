package dev.jubilee.server.bus.delivery.deadletters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
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
                                    connection,
                                    subscription,
                                    DeadLetterStore.Query.ALL,
                                    List.of(),
                                    null,
                                    10))
                    .extracting(DeadLetterStore.DeadLetter::eventId)
                    .containsExactly("e1");
            connection.rollback();
        }
    }

    /** Else a redrive would be over with this one left behind. */
    @Test
    void whatSomebodyEditsIsWaitedForAndRedriven() throws Exception {
        UUID subscription = UUID.randomUUID();
        execute(
                """
                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name) VALUES ('%1$s', '%1$s', 's');
                INSERT INTO bus.dead_letters (id, subscription_id, event_id, event_type, topic, priority, body,
                    attempts, reason, accepted_at, dead_at)
                SELECT uuidv7(), '%1$s', 'e' || n, 'game.kill', 't', 1, '', 1, 'r', now(), now()
                FROM generate_series(1, 3) n
                """
                        .formatted(subscription));
        Database database = new Database(platform.dataSource());
        UUID last = new UUID(-1, -1);
        CompletableFuture<Integer> redriven;
        try (Connection editing = platform.connection();
                Statement statement = editing.createStatement()) {
            editing.setAutoCommit(false);
            statement.execute(
                    "UPDATE bus.dead_letters SET edited_at = now() WHERE event_id = 'e2' AND subscription_id = '"
                            + subscription
                            + "'");
            redriven =
                    CompletableFuture.supplyAsync(() ->
                            database.transaction(c ->
                                    DeadLetterStore.redrive(
                                            c,
                                            subscription,
                                            DeadLetterStore.Query.ALL,
                                            last,
                                            500)));
            Await.until("it waits, or is over", () -> redriven.isDone() || somebodyWaits());
            editing.commit();
        }

        assertThat(redriven).succeedsWithin(Duration.ofMinutes(2)).isEqualTo(3);
    }

    private static boolean somebodyWaits() throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery(
                                """
                                SELECT count(*) FROM pg_stat_activity
                                WHERE datname = current_database() AND wait_event_type = 'Lock'
                                """)) {
            row.next();
            return row.getInt(1) > 0;
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
