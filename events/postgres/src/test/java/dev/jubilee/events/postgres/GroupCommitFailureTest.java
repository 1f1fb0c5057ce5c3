package dev.jubilee.events.postgres;

import static dev.jubilee.events.postgres.Lanes.SETTINGS;
import static dev.jubilee.events.postgres.Lanes.failure;
import static dev.jubilee.events.postgres.Lanes.get;
import static dev.jubilee.events.postgres.Lanes.timesWritten;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What breaks beneath a lane: locks, connections, commits, the server. */
@ExtendWith(RealPostgres.class)
class GroupCommitFailureTest {
    private final TestPostgres postgres;
    private final HikariDataSource pool;
    private final Queue<Throwable> retries = new ConcurrentLinkedQueue<>();
    private final LaneListener listener =
            new LaneListener() {
                @Override
                public void retrying(int items, Throwable cause) {
                    retries.add(cause);
                }
            };

    GroupCommitFailureTest(TestPostgres postgres) {
        this.postgres = postgres;
        Lanes.createTables(postgres);
        this.pool = postgres.pool(6);
    }

    @BeforeEach
    void connect() throws SQLException {
        pool.getConnection().close();
    }

    @AfterEach
    void disconnect() {
        pool.close();
    }

    @Test
    void aListenerThatThrowsChangesNothing() throws Exception {
        LaneListener throwing =
                new LaneListener() {
                    @Override
                    public void committed(int items, Duration took) {
                        throw new NoClassDefFoundError("made/by/a/Test");
                    }

                    @Override
                    public void poisoned(Throwable cause) {
                        throw new IllegalStateException("poisoned");
                    }
                };
        try (var lane = new GroupCommit<>(SETTINGS, pool, Lanes::write, throwing)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
            assertThat(failure(lane.submit("k", -1L))).isInstanceOf(SQLException.class);
            assertThat(get(lane.submit("k", 2L))).isEqualTo(-2);
        }
    }

    @Test
    void aPoolThatThrowsWhatItShouldNotIsTriedAgain() throws Exception {
        FlakyDataSource flaky = new FlakyDataSource(pool);
        flaky.nextConnection(new IllegalStateException("the pool has a bug"));
        try (var lane = new GroupCommit<>(SETTINGS, flaky, Lanes::write, listener)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
        }
        assertThat(retries).singleElement().isInstanceOf(IllegalStateException.class);
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
    }

    @Test
    void aCommitThatThrowsWhatItShouldNotIsAskedAfter() throws Exception {
        FlakyDataSource flaky = new FlakyDataSource(pool);
        flaky.nextCommit(connection -> {
            connection.commit();
            connection.close();
            flaky.nextConnection(new IllegalStateException("as is the pool"));
            throw new IllegalStateException("the driver has a bug");
        });
        try (var lane = new GroupCommit<>(SETTINGS, flaky, Lanes::write, listener)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
        }
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
        assertThat(retries).hasSize(1);
    }

    @Test
    void whateverIsThrownNobodyWaitsForEverAndTheLaneGoesOn() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        BatchWork<Long, Long> work =
                (connection, items) -> {
                    List<Long> results = Lanes.write(connection, items);
                    return tries.incrementAndGet() > 1 ? results : unreadable(results.size());
                };
        try (var lane = new GroupCommit<>(SETTINGS, pool, work, listener)) {
            assertThat(failure(lane.submit("k", 1L))).isInstanceOf(OutcomeUnknown.class);
            assertThat(get(lane.submit("k", 2L))).isEqualTo(-2);
        }
    }

    private static List<Long> unreadable(int size) {
        return new AbstractList<>() {
            @Override
            public Long get(int index) {
                throw new IllegalStateException("nothing can be read of it");
            }

            @Override
            public int size() {
                return size;
            }
        };
    }

    @Test
    void aDeadlockOfTwoLanesIsTriedAgain() throws Exception {
        postgres.execute("INSERT INTO written VALUES (1), (2)");
        CyclicBarrier bothHoldOne = new CyclicBarrier(2);
        try (var one = new GroupCommit<>(SETTINGS, pool, locking(bothHoldOne), listener);
                var other = new GroupCommit<>(SETTINGS, pool, locking(bothHoldOne), listener)) {
            CompletableFuture<Long> first = one.submit("k", 1L);
            CompletableFuture<Long> second = other.submit("k", 2L);
            get(first);
            get(second);
        }
        // On a busy machine they may meet a second time.
        assertThat(retries)
                .isNotEmpty()
                .allSatisfy(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("40P01"));
    }

    /** Locks the row of the item, then the other one; the first time, not before both hold one. */
    private static BatchWork<Long, Long> locking(CyclicBarrier bothHoldOne) {
        AtomicInteger tries = new AtomicInteger();
        return (connection, items) -> {
            long row = items.getFirst();
            lock(connection, row);
            if (tries.incrementAndGet() == 1) {
                await(bothHoldOne);
            }
            lock(connection, 3 - row);
            return items;
        };
    }

    @Test
    void aConnectionThatBreaksBeforeTheCommitIsTriedAgain() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        BatchWork<Long, Long> work =
                (connection, items) -> {
                    List<Long> results = Lanes.write(connection, items);
                    if (tries.incrementAndGet() == 1) {
                        postgres.execute(
                                "SELECT pg_terminate_backend(" + backend(connection) + ")");
                        Lanes.write(connection, items);
                    }
                    return results;
                };
        try (var lane = new GroupCommit<>(SETTINGS, pool, work, listener)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
        }
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
        assertThat(tries).hasValue(2);
    }

    @Test
    void aBackendKilledInTheMiddleOfTheCommitLeavesNothingAndIsTriedAgain() throws Exception {
        postgres.execute(
                """
                CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('commits') = 1 THEN PERFORM pg_sleep(60); END IF;
                    RETURN NULL;
                END $$;
                DROP SEQUENCE IF EXISTS commits;
                CREATE SEQUENCE commits;
                CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON written
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle();\
                """);
        try (var lane = new GroupCommit<>(SETTINGS, pool, Lanes::write, listener)) {
            CompletableFuture<Long> result = lane.submit("k", 1L);
            String committing =
                    "FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'";
            while (Lanes.count(pool, "SELECT count(*) " + committing) == 0) {
                LockSupport.parkNanos(1_000_000);
            }
            postgres.execute("SELECT pg_terminate_backend(pid) " + committing);

            assertThat(get(result)).isEqualTo(-1);
        }
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
        assertThat(retries).hasSize(1);
    }

    @Test
    void aCommitWhoseAnswerIsLostIsNotRepeated() throws Exception {
        FlakyDataSource flaky = new FlakyDataSource(pool);
        flaky.nextCommit(connection -> {
            connection.commit();
            connection.close();
        });
        try (var lane = new GroupCommit<>(SETTINGS, flaky, Lanes::write, listener)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
        }
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
        assertThat(retries).hasSize(1);
    }

    @Test
    void aCommitThatNeverArrivedIsRepeated() throws Exception {
        FlakyDataSource flaky = new FlakyDataSource(pool);
        flaky.nextCommit(connection -> {
            connection.rollback();
            connection.close();
        });
        try (var lane = new GroupCommit<>(SETTINGS, flaky, Lanes::write, listener)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
        }
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
        assertThat(retries).hasSize(1);
    }

    @Test
    void aCommitThatIsStillUnderWayIsWaitedFor() throws Exception {
        FlakyDataSource flaky = new FlakyDataSource(pool);
        CountDownLatch asked = new CountDownLatch(1);
        Thread[] late = new Thread[1];
        flaky.nextCommit(connection ->
                late[0] =
                        Thread.ofPlatform()
                                .start(() -> commitOnceSomebodyWaits(connection, asked)));
        try (var lane = new GroupCommit<>(SETTINGS, flaky, Lanes::write, listener)) {
            assertThat(get(lane.submit("k", 1L))).isEqualTo(-1);
        }
        late[0].join();
        assertThat(asked.getCount()).as("the question met the open transaction").isZero();
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
    }

    private void commitOnceSomebodyWaits(Connection connection, CountDownLatch asked) {
        String waiting =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                        + " AND query LIKE '%commit_tokens%'";
        try (connection) {
            while (Lanes.count(pool, waiting) == 0) {
                LockSupport.parkNanos(1_000_000);
            }
            asked.countDown();
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void callersAreAnsweredInTimeThoughTheServerIsNot() throws Exception {
        FlakyDataSource flaky = new FlakyDataSource(pool);
        Duration patience = Duration.ofSeconds(10);
        CompletableFuture<Long> unknown;
        CompletableFuture<Long> behind;
        try (var lane = new GroupCommit<>(SETTINGS, flaky, Lanes::write, listener)) {
            CountDownLatch committing = new CountDownLatch(1);
            CountDownLatch queued = new CountDownLatch(1);
            flaky.nextCommit(connection -> {
                committing.countDown();
                queued.await();
                connection.commit();
                connection.close();
                pool.close();
            });
            unknown = lane.submit("k", 1L, patience);
            assertThat(committing.await(2, TimeUnit.MINUTES)).isTrue();
            behind = lane.submit("k", 2L, patience);
            queued.countDown();
            assertThat(failure(unknown)).isInstanceOf(OutcomeUnknown.class);
            assertThat(failure(behind)).isInstanceOf(LaneRefusal.class);
        }
    }

    @Test
    void aCrashOfTheServerLosesNothingThatWasAnsweredAndDoublesNothing() throws Exception {
        Map<Long, CompletableFuture<Long>> results = new ConcurrentHashMap<>();
        try (var lane = new GroupCommit<>(SETTINGS, pool, Lanes::write, listener);
                var second = new GroupCommit<>(SETTINGS, pool, Lanes::write, listener)) {
            Lanes.together(
                    5,
                    thread -> {
                        if (thread == 0) {
                            for (int crash = 0; crash < 3; crash++) {
                                while (results.size() < 1000 * (crash + 1)) {
                                    LockSupport.parkNanos(1_000_000);
                                }
                                postgres.crashAndRecover();
                            }
                            return;
                        }
                        for (long i = 0; i < 2000; i++) {
                            long item = thread * 10_000L + i;
                            CompletableFuture<Long> result =
                                    (i % 2 == 0 ? lane : second).submit(thread, item);
                            results.put(item, result);
                            if (i % 20 == 0) {
                                get(result);
                            }
                        }
                    });
            for (CompletableFuture<Long> result : results.values()) {
                assertThat(failure(result)).isNull();
            }
        }
        assertThat(retries).isNotEmpty();
        assertThat(Lanes.count(pool, "SELECT count(*) FROM written")).isEqualTo(8000);
        assertThat(Lanes.count(pool, "SELECT count(DISTINCT item) FROM written")).isEqualTo(8000);
    }

    private static int backend(Connection connection) throws SQLException {
        return connection.unwrap(org.postgresql.PGConnection.class).getBackendPID();
    }

    private static void lock(Connection connection, long row) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT FROM written WHERE item = " + row + " FOR UPDATE");
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
