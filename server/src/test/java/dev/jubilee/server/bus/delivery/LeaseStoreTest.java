package dev.jubilee.server.bus.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LeaseStoreTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Instant LATER = NOW.plus(Duration.ofSeconds(30));
    private static final int LEASED = 20_000;
    private static final int RETRIES = 3;
    private static final LeaseStore.Most MOST = new LeaseStore.Most(100, 1 << 20);
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

            List<Delivery> taken = lease(connection, LeaseStore.Due.WAITING, NOW);
            LeaseStore.Outlook outlook = LeaseStore.outlook(connection, subscription, List.of());

            assertThat(taken)
                    .extracting(Delivery::id)
                    .containsExactly(LEASED + 1L, LEASED + 2L, LEASED + 3L);
            assertThat(outlook).isEqualTo(new LeaseStore.Outlook(null, true));
            assertThat(looked(connection)).isLessThan(LEASED / 10);
        }
    }

    /** The statistics are of a moment when nothing was leased and another had much that waits. */
    @Test
    void whatIsLeasedIsNotLookedAtWhateverTheStatisticsSay() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, UUID.randomUUID(), 1, LEASED, false, NOW);
            owe(connection, 1, 10, false, NOW);
            settle(connection);
            owe(connection, 11, LEASED, true, LATER);
            owe(connection, LEASED + 11, 3, false, NOW);
            connection.setAutoCommit(false);
            assertThat(lease(connection, LeaseStore.Due.WAITING, NOW)).hasSize(13);

            assertThat(LeaseStore.outlook(connection, subscription, List.of()).leased()).isTrue();
            assertThat(lease(connection, LeaseStore.Due.WAITING, NOW)).isEmpty();

            assertThat(looked(connection)).isLessThan(LEASED / 10);
        }
    }

    @Test
    void aLeaseThatEndedIsFoundBeforeWhatCameAfterIt() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 2, true, NOW);
            owe(connection, 3, 1, false, NOW);

            assertThat(lease(connection, LeaseStore.Due.ANY, NOW))
                    .extracting(Delivery::id)
                    .containsExactly(1L, 2L, 3L);
            assertThat(lease(connection, LeaseStore.Due.ANY, NOW)).isEmpty();
        }
    }

    @Test
    void aLeaseIsGivenBackByWhoHasItAndNoLongerByWhoHadIt() throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 2, true, NOW);
            List<Delivery> again = lease(connection, LeaseStore.Due.ANY, NOW);
            assertThat(again).hasSize(2);

            StreamStore.release(
                    connection,
                    subscription,
                    List.of(new Leases.Lease(1, NOW), new Leases.Lease(2, NOW)),
                    NOW,
                    STREAM);
            assertThat(lease(connection, LeaseStore.Due.WAITING, NOW))
                    .as("it is another's")
                    .isEmpty();

            StreamStore.release(
                    connection,
                    subscription,
                    List.of(Leases.Lease.of(again.getFirst())),
                    NOW,
                    STREAM);
            assertThat(lease(connection, LeaseStore.Due.WAITING, NOW))
                    .extracting(Delivery::id)
                    .containsExactly(1L);
        }
    }

    @Test
    void whatIsTakenAtOnceHasNoMoreBytesThanAreAskedForUnlessItIsASingleEvent()
            throws SQLException {
        try (Connection connection = platform.connection()) {
            owe(connection, 1, 5, false, NOW);
            enlarge(connection, 1_000);

            assertThat(take(connection, new LeaseStore.Most(100, 2_500)))
                    .extracting(Delivery::id)
                    .containsExactly(1L, 2L);
            assertThat(take(connection, new LeaseStore.Most(100, 10)))
                    .extracting(Delivery::id)
                    .containsExactly(3L);
            assertThat(take(connection, new LeaseStore.Most(1, 2_500)))
                    .extracting(Delivery::id)
                    .containsExactly(4L);
            assertThat(take(connection, new LeaseStore.Most(100, 1_000)))
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
        return LeaseStore.lease(
                connection,
                subscription,
                List.of(),
                LeaseStore.Due.WAITING,
                most,
                RETRIES,
                NOW,
                LATER);
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

    private List<Delivery> lease(Connection connection, LeaseStore.Due which, Instant now)
            throws SQLException {
        return LeaseStore.lease(
                connection, subscription, List.of(), which, MOST, RETRIES, now, LATER);
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
