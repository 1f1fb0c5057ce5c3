package dev.jubilee.server.bus.delivery.leases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseStoreTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Instant LATER = NOW.plus(Duration.ofSeconds(30));
    private static final int LEASED = 20_000;
    private static final int RETRIES = 3;
    private static final LeaseStore.Most MOST = LeaseStore.Most.of(100, 1 << 20);
    private static final long STREAM = 7;

    private final UUID subscription = UUID.randomUUID();

    /** As a stream at a few thousand events a second has them under way. */
    @Test
    void takingTheNextCostsNothingForWhatIsLeasedAlready() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, LEASED, true, LATER);
            owe(connection, LEASED + 1, 3, false, NOW);
            settle(connection);
            connection.setAutoCommit(false);

            List<Delivery> taken = lease(connection);
            LeaseStore.Outlook outlook = LeaseStore.outlook(connection, subscription, List.of());

            assertThat(taken)
                    .extracting(Delivery::id)
                    .containsExactly(LEASED + 1L, LEASED + 2L, LEASED + 3L);
            assertThat(outlook).isEqualTo(new LeaseStore.Outlook(null, true));
            assertThat(looked(connection)).isLessThan(LEASED / 10);
        }
    }

    /**
     * Another subscription has much that waits, so that of all rows most do.
     *
     * @param early whether the statistics are of a moment when nothing was leased
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsLeasedIsNotLookedAtWhateverTheStatisticsSay(boolean early) throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, UUID.randomUUID(), 1, LEASED, false, NOW);
            owe(connection, 1, 10, false, NOW);
            if (early) {
                settle(connection);
            }
            owe(connection, 11, LEASED, true, LATER);
            owe(connection, LEASED + 11, 3, false, NOW);
            if (!early) {
                settle(connection);
            }
            connection.setAutoCommit(false);
            assertThat(lease(connection)).hasSize(13);

            assertThat(LeaseStore.outlook(connection, subscription, List.of()).leased()).isTrue();
            assertThat(lease(connection)).isEmpty();
            assertThat(expire(connection, Pauses.of(Duration.ZERO), NOW)).isZero();
            assertThat(giveUp(connection, 1_000)).isZero();

            assertThat(looked(connection)).isLessThan(LEASED / 10);
        }
    }

    @Test
    void aLeaseThatEndedIsFoundBeforeWhatCameAfterIt() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 2, true, NOW);
            owe(connection, 3, 1, false, NOW);

            assertThat(expire(connection, Pauses.of(Duration.ZERO), NOW)).isEqualTo(2);

            assertThat(lease(connection)).extracting(Delivery::id).containsExactly(1L, 2L, 3L);
            assertThat(expire(connection, Pauses.of(Duration.ZERO), NOW)).isZero();
        }
    }

    @Test
    void aLeaseThatEndedIsOnRecordAndRestsByHowOftenItWasTried() throws SQLException {
        Pauses pauses = new Pauses(List.of(10.0, 200.0), 0);
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 2, true, NOW);
            try (Statement statement = connection.createStatement()) {
                statement.execute(
                        "UPDATE bus.pending_deliveries SET attempts = 5 WHERE id = 2 AND subscription_id = '"
                                + subscription
                                + "'");
            }

            expire(connection, pauses, NOW);

            assertThat(recorded(connection))
                    .containsExactly(
                            "e1 1 failed sse too late 10 f", "e2 5 failed sse too late 200 f");
            assertThat(lease(connection)).isEmpty();
            assertThat(LeaseStore.outlook(connection, subscription, List.of()).due())
                    .isEqualTo(NOW.plusSeconds(10));
        }
    }

    @Test
    void whatIsGivenUpAtOnceIsBoundedAndTheEarliestGoesFirst() throws SQLException {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
        try (Connection connection = platform.connection()) {
            subscribe(connection);
            for (int id = 1; id <= 5; id++) {
                owe(connection, id, 1, true, NOW.minusSeconds(id));
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute(
                        "UPDATE bus.pending_deliveries SET attempts = 4 WHERE subscription_id = '"
                                + subscription
                                + "'");
            }

            assertThat(giveUp(connection, 2)).isEqualTo(2);
            assertThat(dead(connection)).containsExactly("e4", "e5");

            assertThat(giveUp(connection, 10)).isEqualTo(3);
            assertThat(dead(connection)).containsExactly("e1", "e2", "e3", "e4", "e5");
        }
    }

    private void subscribe(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    INSERT INTO bus.event_subscriptions (id, subscription_id, service_name)
                    VALUES ('%1$s', '%1$s', 's')
                    """
                            .formatted(subscription));
        }
    }

    private List<String> dead(Connection connection) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                "SELECT event_id FROM bus.dead_letters WHERE subscription_id = '"
                                        + subscription
                                        + "' ORDER BY event_id")) {
            while (row.next()) {
                found.add(row.getString(1));
            }
        }
        return found;
    }

    @Test
    void partOfAPauseIsLeftToChance() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 50, true, NOW);

            expire(connection, new Pauses(List.of(1_000.0), 0.5), NOW);

            try (Statement statement = connection.createStatement();
                    var row =
                            statement.executeQuery(
                                    """
                                    SELECT count(DISTINCT due_at), min(due_at), max(due_at) FROM bus.pending_deliveries
                                    WHERE subscription_id = '%s'
                                    """
                                            .formatted(subscription))) {
                row.next();
                assertThat(row.getInt(1)).isGreaterThan(40);
                assertThat(row.getObject(2, java.time.OffsetDateTime.class).toInstant())
                        .isAfterOrEqualTo(NOW.plusSeconds(500));
                assertThat(row.getObject(3, java.time.OffsetDateTime.class).toInstant())
                        .isBeforeOrEqualTo(NOW.plusSeconds(1_000));
            }
        }
    }

    private List<String> recorded(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row =
                        statement.executeQuery(
                                """
                                SELECT concat_ws(' ', event_id, attempt_number, status, method, error_message,
                                    extract(epoch FROM next_retry_at - delivered_at)::int, is_last_attempt)
                                FROM bus.event_deliveries WHERE subscription_id = '%s' ORDER BY event_id
                                """
                                        .formatted(subscription))) {
            List<String> rows = new ArrayList<>();
            while (row.next()) {
                rows.add(row.getString(1));
            }
            return rows;
        }
    }

    @Test
    void aLeaseIsGivenBackByWhoHasItAndNoLongerByWhoHadIt() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 2, true, NOW);
            expire(connection, Pauses.of(Duration.ZERO), NOW);
            List<Delivery> again = lease(connection);
            assertThat(again).hasSize(2);

            LeaseStore.release(
                    connection,
                    subscription,
                    List.of(new Lease(1, NOW), new Lease(2, NOW)),
                    NOW,
                    STREAM);
            assertThat(lease(connection)).as("it is another's").isEmpty();

            LeaseStore.release(
                    connection, subscription, List.of(Lease.of(again.getFirst())), NOW, STREAM);
            assertThat(lease(connection)).extracting(Delivery::id).containsExactly(1L);
        }
    }

    @Test
    void whatIsTakenAtOnceHasNoMoreBytesThanAreAskedForUnlessItIsASingleEvent()
            throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 5, false, NOW);
            enlarge(connection, 1_000);

            assertThat(take(connection, LeaseStore.Most.of(100, 2_500)))
                    .extracting(Delivery::id)
                    .containsExactly(1L, 2L);
            assertThat(take(connection, LeaseStore.Most.within(100, 10))).isEmpty();
            assertThat(take(connection, LeaseStore.Most.of(100, 10)))
                    .extracting(Delivery::id)
                    .containsExactly(3L);
            assertThat(take(connection, LeaseStore.Most.of(1, 2_500)))
                    .extracting(Delivery::id)
                    .containsExactly(4L);
            assertThat(take(connection, LeaseStore.Most.of(100, 1_000)))
                    .extracting(Delivery::id)
                    .containsExactly(5L);
        }
    }

    @Test
    void theOutlookNamesTheEarliestThatIsNotLeased() throws SQLException {
        try (Connection connection = platform.connection()) {
            assertThat(LeaseStore.outlook(connection, subscription, List.of()))
                    .isEqualTo(new LeaseStore.Outlook(null, false));
            owe(connection, 1, 1, false, LATER);
            owe(connection, 2, 1, false, LATER.plusSeconds(1));

            assertThat(LeaseStore.outlook(connection, subscription, List.of()))
                    .isEqualTo(new LeaseStore.Outlook(LATER, false));
        }
    }

    private List<Delivery> take(Connection connection, LeaseStore.Most most) throws SQLException {
        return LeaseStore.lease(connection, subscription, List.of(), most, RETRIES, NOW, LATER);
    }

    private void enlarge(Connection connection, int bytes) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE bus.pending_deliveries SET body = ? WHERE subscription_id = ?")) {
            update.setBytes(1, new byte[bytes]);
            update.setObject(2, subscription);
            update.executeUpdate();
        }
    }

    private List<Delivery> lease(Connection connection) throws SQLException {
        return LeaseStore.lease(connection, subscription, List.of(), MOST, RETRIES, NOW, LATER);
    }

    private int giveUp(Connection connection, int most) throws SQLException {
        return FailedLeases.giveUp(connection, subscription, most, RETRIES, NOW);
    }

    private int expire(Connection connection, Pauses pauses, Instant now) throws SQLException {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(now);
        return FailedLeases.expire(connection, subscription, 1_000, pauses, "too late", now);
    }

    private void owe(Connection connection, int from, int count, boolean taken, Instant due)
            throws SQLException {
        owe(connection, subscription, from, count, taken, due);
    }

    private static void owe(
            Connection connection,
            UUID subscription,
            int from,
            int count,
            boolean taken,
            Instant due)
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
