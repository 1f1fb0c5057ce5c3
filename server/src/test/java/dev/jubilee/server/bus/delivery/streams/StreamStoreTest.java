package dev.jubilee.server.bus.delivery.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.leases.Lease;
import dev.jubilee.server.bus.delivery.leases.TestLeases;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class StreamStoreTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Instant LATER = NOW.plus(Duration.ofSeconds(30));
    private static final int WAITING = 20_000;
    private static final long STREAM = 7;
    private static final long OTHER_STREAM = 8;

    private final UUID subscription = UUID.randomUUID();

    /** The order of ids is not that of sending: two instances route, or something came again. */
    @Test
    void whoComesBackHasWhatItsStreamSentBeforeTheLastAndNothingElse() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 6, true, NOW);
            release(connection, STREAM, 5, 2, 4, 1);
            release(connection, OTHER_STREAM, 3, 6);

            assertThat(ackUpTo(connection, 4, STREAM)).as("5, 2 and 4").isEqualTo(3);

            assertThat(owed(connection)).containsExactly(1L, 3L, 6L);
        }
    }

    @Test
    void whatWentToSomebodyElseMeanwhileIsConfirmedByWhoHasItOrByItsName() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 3, true, NOW);
            release(connection, STREAM, 1, 2, 3);
            assertThat(lease(connection)).hasSize(3);

            assertThat(ackUpTo(connection, 2, STREAM)).isEqualTo(1);

            assertThat(owed(connection)).containsExactly(1L, 3L);
            TestLeases.release(
                    connection,
                    subscription,
                    List.of(new Lease(1, LATER), new Lease(3, LATER)),
                    NOW,
                    null);
            assertThat(ackUpTo(connection, 3, STREAM)).as("3 alone").isEqualTo(1);
            assertThat(owed(connection)).containsExactly(1L);
        }
    }

    @Test
    void anEventThatIsNamedWithoutItsStreamProvesNoOther() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 3, true, NOW);
            release(connection, STREAM, 1, 2, 3);

            assertThat(
                            StreamStore.ackUpTo(
                                    connection,
                                    subscription,
                                    new StreamEventId(3, null),
                                    List.of(),
                                    NOW))
                    .isEqualTo(1);

            assertThat(owed(connection)).containsExactly(1L, 2L);
        }
    }

    /** As when a stream gives back what its client confirms at the same moment. */
    @Test
    void whatIsKnownToHaveArrivedIsConfirmedWhetherItIsGivenBackByNowOrNot() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 4, true, NOW);
            release(connection, STREAM, 1, 2);

            assertThat(
                            StreamStore.ackUpTo(
                                    connection,
                                    subscription,
                                    new StreamEventId(3, STREAM),
                                    List.of(1L, 2L, 3L),
                                    NOW))
                    .isEqualTo(3);
            release(connection, STREAM, 1, 2, 3, 4);

            assertThat(owed(connection)).containsExactly(4L);
        }
    }

    /** As a client that comes back to much that waits for it. */
    @Test
    void comingBackCostsNothingForWhatWaits() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 3, true, NOW);
            release(connection, STREAM, 1, 2, 3);
            owe(connection, 4, WAITING, false, NOW);
            settle(connection);
            connection.setAutoCommit(false);

            assertThat(ackUpTo(connection, 2, STREAM)).isEqualTo(2);

            assertThat(looked(connection)).isLessThan(WAITING / 10);
        }
    }

    private List<Delivery> lease(Connection connection) throws SQLException {
        return TestLeases.take(connection, subscription, NOW, LATER);
    }

    private void release(Connection connection, long stream, long... inOrder) throws SQLException {
        List<Lease> sent = LongStream.of(inOrder).mapToObj(id -> new Lease(id, NOW)).toList();
        TestLeases.release(connection, subscription, sent, NOW, stream);
    }

    private int ackUpTo(Connection connection, long last, long stream) throws SQLException {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
        return StreamStore.ackUpTo(
                connection, subscription, new StreamEventId(last, stream), List.of(), NOW);
    }

    private List<Long> owed(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT id FROM bus.pending_deliveries WHERE subscription_id = ? ORDER BY id")) {
            select.setObject(1, subscription);
            List<Long> ids = new ArrayList<>();
            try (var row = select.executeQuery()) {
                while (row.next()) {
                    ids.add(row.getLong(1));
                }
            }
            return ids;
        }
    }

    private void owe(Connection connection, int from, int count, boolean taken, Instant due)
            throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(
                        """
                        INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic,
                            priority, body, attempts, due_at, taken, accepted_at)
                        SELECT ?, n, 'e' || n, 'game.kill', 'game.events', 1, '', 1, ?, ?, ?
                        FROM generate_series(?, ?) n
                        """)) {
            insert.setObject(1, subscription);
            insert.setObject(2, due.atOffset(java.time.ZoneOffset.UTC));
            insert.setBoolean(3, taken);
            insert.setObject(4, NOW.atOffset(java.time.ZoneOffset.UTC));
            insert.setInt(5, from);
            insert.setInt(6, from + count - 1);
            insert.executeUpdate();
        }
    }

    /** As autovacuum does in time. */
    private static void settle(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("VACUUM ANALYZE bus.pending_deliveries");
        }
    }

    /** Rows that this transaction has looked at. */
    private static long looked(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                """
                                SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
                                WHERE schemaname = 'bus' AND relname = 'pending_deliveries'
                                """)) {
            row.next();
            return row.getLong(1);
        }
    }
}
