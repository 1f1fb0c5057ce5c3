package dev.jubilee.server.bus.delivery.pending;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who ends what a subscription is owed, while somebody deletes or rewinds the subscription: it
 * locks the subscription before anything else. For each package that has such SQL.
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class LockOrderContract {
    @RegisterExtension protected static final Platform platform = new Platform();

    protected static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    protected static final List<Long> IDS = List.of(1L, 2L, 3L);

    /** Part of what somebody does to what is owed. */
    @FunctionalInterface
    public interface Ending {
        void run(Connection connection, UUID subscription) throws SQLException;
    }

    /** Makes what the endings write to, if it is not there by itself. */
    protected void prepare() {}

    /** Each that the package has. */
    protected abstract Stream<Named<Ending>> endings();

    /** The first of the deliveries with {@link #IDS}. */
    protected static Delivery first(UUID subscription) {
        return new Delivery(
                subscription, 1, "e1", "game.kill", "t", null, 1, new byte[0], 0, NOW, NOW);
    }

    @ParameterizedTest
    @MethodSource("endings")
    void waitsBeforeItTouchesAnything(Ending ending) throws Exception {
        UUID subscription = UUID.randomUUID();
        prepare();
        owe(subscription);
        try (Connection deleting = platform.connection();
                Connection other = platform.connection()) {
            deleting.setAutoCommit(false);
            other.setAutoCommit(false);
            execute(
                    deleting,
                    "SELECT FROM bus.event_subscriptions WHERE id = '"
                            + subscription
                            + "' FOR NO KEY UPDATE");
            int pid = pid(other);
            CompletableFuture<Void> ended =
                    CompletableFuture.runAsync(() -> run(ending, other, subscription));
            Await.untilAsserted("it waits", () -> assertThat(waits(pid)).isTrue());

            // Were anything locked already, each would wait for the other.
            execute(
                    deleting,
                    "DELETE FROM bus.pending_deliveries WHERE subscription_id = '"
                            + subscription
                            + "'");
            deleting.commit();
            ended.get(2, TimeUnit.MINUTES);
        }
    }

    private static void run(Ending ending, Connection connection, UUID subscription) {
        try {
            ending.run(connection, subscription);
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void owe(UUID subscription) throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement subscribe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.event_subscriptions (id, subscription_id, service_name, last_active)
                                VALUES (?, ?, 's', '2020-01-01')
                                """);
                PreparedStatement owe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic,
                                    priority, body, attempts, due_at, taken, accepted_at, batch)
                                SELECT ?, n, 'e' || n, 'game.kill', 't', 1, '', 1, ?, true, ?, 7
                                FROM generate_series(1, 3) n
                                """)) {
            subscribe.setObject(1, subscription);
            subscribe.setString(2, subscription.toString());
            subscribe.executeUpdate();
            owe.setObject(1, subscription);
            owe.setObject(2, NOW.atOffset(ZoneOffset.UTC));
            owe.setObject(3, NOW.atOffset(ZoneOffset.UTC));
            owe.executeUpdate();
        }
    }

    protected static int pid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    protected static boolean waits(int pid) throws SQLException {
        try (Connection connection = platform.connection();
                Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = "
                                        + pid)) {
            row.next();
            return row.getBoolean(1);
        }
    }

    protected static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
