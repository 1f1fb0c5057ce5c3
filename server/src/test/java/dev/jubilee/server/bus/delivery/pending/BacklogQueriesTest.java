package dev.jubilee.server.bus.delivery.pending;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BacklogQueriesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final int BACKLOG = 20_000;
    private static final int BODY = 10_000;
    private static final int EACH = BODY + Delivery.OVERHEAD;

    private final UUID subscription = UUID.randomUUID();

    /** Six of one size: of the keys a, b, none, a, b and none. */
    @BeforeEach
    void owe() throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement owe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic,
                                    key, priority, body, due_at, taken, accepted_at)
                                SELECT ?, n, 'e' || n, 'game.kill', 't', (ARRAY['a', 'b', NULL])[(n - 1) % 3 + 1], 1,
                                    convert_to(repeat('x', ?), 'UTF8'), ?, false, ?
                                FROM generate_series(1, 6) n
                                """)) {
            owe.setObject(1, subscription);
            owe.setInt(2, BODY);
            owe.setObject(3, NOW.plusSeconds(5).atOffset(ZoneOffset.UTC));
            owe.setObject(4, NOW.atOffset(ZoneOffset.UTC));
            owe.executeUpdate();
        }
    }

    @Test
    void whatIsReadIsCutByBytes() throws SQLException {
        assertThat(read(10, Long.MAX_VALUE)).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(read(10, 3 * EACH)).containsExactly(1L, 2L, 3L);
        assertThat(read(10, 3 * EACH + 1)).containsExactly(1L, 2L, 3L, 4L);
        assertThat(read(2, 3 * EACH)).containsExactly(1L, 2L);
    }

    @Test
    void oneIsReadHoweverLargeItIs() throws SQLException {
        assertThat(read(10, 1)).containsExactly(1L);
        assertThat(read(10, -5)).containsExactly(1L);
    }

    @Test
    void parkedKeysArePassedOverAndWhatHasNoKeyIsNot() throws SQLException {
        assertThat(ids(wanted(10, List.of(), List.of("a", "z")), null, Long.MAX_VALUE))
                .containsExactly(2L, 3L, 5L, 6L);
        assertThat(ids(wanted(10, List.of(2L, 6L), List.of("a")), null, 2 * EACH))
                .containsExactly(3L, 5L);
    }

    @Test
    void whatIsNotDueStaysWhereThatIsWanted() throws SQLException {
        DeliveryLoader.Wanted all = wanted(10, List.of(), List.of());
        assertThat(ids(all, NOW, Long.MAX_VALUE)).isEmpty();
        assertThat(ids(all, NOW.plusSeconds(5), Long.MAX_VALUE)).hasSize(6);
    }

    @Test
    void theFirstOfKeysAreReadByTheirIdsAndCutByBytesToo() throws SQLException {
        try (Connection connection = platform.connection()) {
            List<Long> ids = List.of(5L, 2L, 99L, 4L);
            assertThat(first(connection, ids, List.of(), Long.MAX_VALUE))
                    .containsExactly(2L, 4L, 5L);
            assertThat(first(connection, ids, List.of(), 2 * EACH)).containsExactly(2L, 4L);
            assertThat(first(connection, ids, List.of(), 0)).containsExactly(2L);
            assertThat(first(connection, ids, List.of("t"), Long.MAX_VALUE)).isEmpty();
        }
    }

    @Test
    void highPriorityComesFirstButNotBeforeItsKeysElders() throws SQLException {
        owe(11, "a", 0); // behind 1 and 4
        owe(12, "c", 0);
        owe(13, "c", 0); // behind 12
        owe(14, null, 0);
        owe(15, "d", 1);
        owe(16, "e", 0);

        assertThat(high(true, wanted(10, List.of(), List.of()))).containsExactly(12L, 14L, 16L);
        assertThat(high(false, wanted(10, List.of(), List.of())))
                .containsExactly(11L, 12L, 13L, 14L, 16L);
        assertThat(high(true, wanted(10, List.of(14L), List.of("e")))).containsExactly(12L);
        assertThat(high(true, wanted(2, List.of(), List.of()))).containsExactly(12L);
        assertThat(read(20, Long.MAX_VALUE)).hasSize(12);
    }

    /**
     * @param early whether the statistics are of a moment when nothing waited
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void highPriorityIsFoundWithoutGoingThroughABacklogWhateverTheStatisticsSay(boolean early)
            throws SQLException {
        try (Connection connection = platform.connection()) {
            if (early) {
                execute(connection, "VACUUM ANALYZE bus.pending_deliveries");
            }
            owe(connection, UUID.randomUUID(), 1, BACKLOG, 1);
            owe(connection, subscription, 101, BACKLOG, 1);
            owe(connection, subscription, 101 + BACKLOG, 20, 0); // behind their elders
            owe(12 + 2 * BACKLOG, "new", 0);
            if (!early) {
                execute(connection, "VACUUM ANALYZE bus.pending_deliveries");
            }
            connection.setAutoCommit(false);
            DeliveryLoader.Wanted wanted = wanted(500, List.of(), List.of());

            assertThat(
                            BacklogQueries.readHigh(
                                    connection,
                                    subscription,
                                    true,
                                    null,
                                    List.of(),
                                    wanted,
                                    1 << 20))
                    .extracting(Delivery::id)
                    .containsExactly(12L + 2 * BACKLOG);

            assertThat(looked(connection)).isLessThan(BACKLOG / 10);
        }
    }

    /** Of two hundred keys. */
    private static void owe(
            Connection connection, UUID subscription, int from, int count, int priority)
            throws SQLException {
        execute(
                connection,
                """
                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic, key, priority,
                    body, due_at, taken, accepted_at)
                SELECT '%s', n, 'e' || n, 'game.kill', 't', 'key' || n %% 200, %d, '', now(), false, now()
                FROM generate_series(%d, %d) n
                """
                        .formatted(subscription, priority, from, from + count - 1));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
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

    private List<Long> high(boolean ordered, DeliveryLoader.Wanted wanted) throws SQLException {
        try (Connection connection = platform.connection()) {
            return BacklogQueries.readHigh(
                            connection,
                            subscription,
                            ordered,
                            null,
                            List.of(),
                            wanted,
                            Long.MAX_VALUE)
                    .stream()
                    .map(Delivery::id)
                    .toList();
        }
    }

    private void owe(long id, @Nullable String key, int priority) throws SQLException {
        try (Connection connection = platform.connection();
                PreparedStatement owe =
                        connection.prepareStatement(
                                """
                                INSERT INTO bus.pending_deliveries (subscription_id, id, event_id, event_type, topic,
                                    key, priority, body, due_at, taken, accepted_at)
                                VALUES (?, ?, 'e', 'game.kill', 't', ?, ?, '', now(), false, now())
                                """)) {
            owe.setObject(1, subscription);
            owe.setLong(2, id);
            owe.setString(3, key);
            owe.setInt(4, priority);
            owe.executeUpdate();
        }
    }

    private List<Long> first(Connection connection, List<Long> ids, List<String> closed, long bytes)
            throws SQLException {
        return BacklogQueries.read(connection, subscription, ids, closed, bytes).stream()
                .map(Delivery::id)
                .toList();
    }

    private List<Long> read(int limit, long bytes) throws SQLException {
        return ids(wanted(limit, List.of(), List.of()), null, bytes);
    }

    private List<Long> ids(DeliveryLoader.Wanted wanted, @Nullable Instant due, long bytes)
            throws SQLException {
        try (Connection connection = platform.connection()) {
            return BacklogQueries.read(connection, subscription, due, List.of(), wanted, bytes)
                    .stream()
                    .map(Delivery::id)
                    .toList();
        }
    }

    private static DeliveryLoader.Wanted wanted(int limit, List<Long> except, List<String> parked) {
        return new DeliveryLoader.Wanted(
                List.of(), limit, Long.MAX_VALUE, except, parked, LoadPlan.NONE);
    }
}
