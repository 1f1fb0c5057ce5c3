package dev.jubilee.events.postgres;

import static dev.jubilee.events.postgres.Lanes.SETTINGS;
import static dev.jubilee.events.postgres.Lanes.failure;
import static dev.jubilee.events.postgres.Lanes.get;
import static dev.jubilee.events.postgres.Lanes.timesWritten;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealPostgres.class)
class GroupCommitTest {
    private final HikariDataSource pool;
    private final GatedWork gated = new GatedWork();

    GroupCommitTest(TestPostgres postgres) {
        Lanes.createTables(postgres);
        this.pool = postgres.pool(4);
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
    void everyCallerGetsItsOwnResultAndIsWrittenOnce() throws Exception {
        try (var lane = new GroupCommit<>(SETTINGS, pool, Lanes::write, LaneListener.NONE)) {
            Lanes.together(
                    8,
                    thread -> {
                        List<CompletableFuture<Long>> results = new ArrayList<>();
                        for (long i = 0; i < 1000; i++) {
                            results.add(lane.submit(i % 7, thread * 1000L + i));
                        }
                        for (int i = 0; i < 1000; i++) {
                            assertThat(get(results.get(i))).isEqualTo(-(thread * 1000L + i));
                        }
                    });
        }
        assertThat(Lanes.count(pool, "SELECT count(*) FROM written")).isEqualTo(8000);
        assertThat(Lanes.count(pool, "SELECT count(DISTINCT item) FROM written")).isEqualTo(8000);
    }

    @Test
    void whatArrivesDuringABatchIsTheNextBatch() throws Exception {
        try (var lane = new GroupCommit<>(SETTINGS, pool, gated, LaneListener.NONE)) {
            holdBack(lane);
            List<CompletableFuture<Long>> results = new ArrayList<>();
            for (long i = 1; i <= 100; i++) {
                results.add(lane.submit("k", i));
            }
            gated.open();
            for (CompletableFuture<Long> result : results) {
                get(result);
            }
        }
        assertThat(gated.batches).hasSize(2);
        assertThat(gated.batches.get(1)).hasSize(100).isSorted();
    }

    @Test
    void aPoisonedItemFailsAloneWithItsOwnReason() throws Exception {
        AtomicInteger poisoned = new AtomicInteger();
        LaneListener counting =
                new LaneListener() {
                    @Override
                    public void poisoned(Throwable cause) {
                        poisoned.incrementAndGet();
                    }
                };
        BatchWork<Long, Long> work =
                (connection, items) -> {
                    if (items.contains(13L)) {
                        throw new IllegalStateException("unlucky");
                    }
                    return gated.execute(connection, items);
                };
        Map<Long, CompletableFuture<Long>> results = new HashMap<>();
        try (var lane = new GroupCommit<>(SETTINGS, pool, work, counting)) {
            holdBack(lane);
            for (long i = 1; i <= 100; i++) {
                long item = i == 77 ? -77 : i;
                results.put(item, lane.submit("k", item));
            }
            gated.open();
        }
        for (Map.Entry<Long, CompletableFuture<Long>> result : results.entrySet()) {
            long item = result.getKey();
            Throwable failure = failure(result.getValue());
            if (item == 13) {
                assertThat(failure).isInstanceOf(IllegalStateException.class);
            } else if (item == -77) {
                assertThat(failure).isInstanceOf(SQLException.class).hasMessageContaining("check");
            } else {
                assertThat(failure).isNull();
            }
            boolean good = item != 13 && item != -77;
            assertThat(timesWritten(pool, item)).isEqualTo(good ? 1 : 0);
        }
        assertThat(poisoned).hasValue(2);
    }

    @Test
    void aWorkThatGivesTooFewResultsFailsItsItems() throws Exception {
        BatchWork<Long, Long> work = (connection, items) -> List.of();
        try (var lane = new GroupCommit<>(SETTINGS, pool, work, LaneListener.NONE)) {
            assertThat(failure(lane.submit("k", 1L)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a batch of 1 gave 0 results");
        }
    }

    @Test
    void aBusyKeyDelaysAnotherByNoMoreThanABatch() throws Exception {
        LaneSettings small = SETTINGS.withMaxBatch(10).withCapacity(1000);
        try (var lane = new GroupCommit<>(small, pool, gated, LaneListener.NONE)) {
            holdBack(lane);
            for (long i = 1; i <= 400; i++) {
                assertThat(lane.submit("hot", i)).isNotDone();
            }
            CompletableFuture<Long> first = lane.submit("cold", 1001L);
            CompletableFuture<Long> second = lane.submit("cold", 1002L);
            gated.open();
            get(first);
            get(second);
        }
        assertThat(gated.batches.get(1)).contains(1001L, 1002L, 1L, 2L).hasSize(10);
    }

    @Test
    void aFullLaneRefusesAtOnceButKeepsRoomForAnotherKey() throws Exception {
        LaneSettings small = SETTINGS.withCapacity(100);
        try (var lane = new GroupCommit<>(small, pool, gated, LaneListener.NONE)) {
            holdBack(lane);
            int accepted = 0;
            List<CompletableFuture<Long>> hot = new ArrayList<>();
            for (long i = 1; i <= 200; i++) {
                CompletableFuture<Long> result = lane.submit("hot", i);
                hot.add(result);
                accepted += result.isDone() ? 0 : 1;
            }
            assertThat(accepted).isEqualTo(50);
            assertThat(failure(hot.getLast())).satisfies(refusedAs(LaneRefusal.Reason.FULL));

            CompletableFuture<Long> cold = lane.submit("cold", 1001L);
            assertThat(cold).isNotDone();
            assertThat(lane.waiting()).isEqualTo(51);
            gated.open();
            assertThat(get(cold)).isEqualTo(-1001);
        }
        assertThat(Lanes.count(pool, "SELECT count(*) FROM written")).isEqualTo(52);
    }

    @Test
    void whoLeftOrIsTooLateIsDroppedUnwritten() throws Exception {
        AtomicInteger dropped = new AtomicInteger();
        LaneListener counting =
                new LaneListener() {
                    @Override
                    public void dropped(int items) {
                        dropped.addAndGet(items);
                    }
                };
        CompletableFuture<Long> late;
        try (var lane = new GroupCommit<>(SETTINGS, pool, gated, counting)) {
            holdBack(lane);
            lane.submit("k", 1L).cancel(false);
            late = lane.submit("k", 2L, Duration.ZERO);
            CompletableFuture<Long> patient = lane.submit("k", 3L);
            gated.open();
            get(patient);
        }
        assertThat(failure(late)).satisfies(refusedAs(LaneRefusal.Reason.TOO_LATE));
        assertThat(gated.batches.get(1)).containsExactly(3L);
        assertThat(dropped).hasValue(2);
    }

    @Test
    void whoLeavesWhileItIsBeingWrittenIsWritten() throws Exception {
        try (var lane = new GroupCommit<>(SETTINGS, pool, gated, LaneListener.NONE)) {
            CompletableFuture<Long> result = lane.submit("k", 1L);
            gated.begun.acquire();
            assertThat(result.cancel(true)).isTrue();
            gated.open();
        }
        assertThat(timesWritten(pool, 1)).isEqualTo(1);
    }

    @Test
    void closingWritesWhatWasAcceptedAndRefusesTheRest() throws Exception {
        for (int round = 0; round < 30; round++) {
            long base = round * 10_000L;
            var lane = new GroupCommit<>(SETTINGS, pool, Lanes::write, LaneListener.NONE);
            Map<Long, CompletableFuture<Long>> results = new ConcurrentHashMap<>();
            Lanes.together(
                    5,
                    thread -> {
                        for (long i = 0; thread > 0 && i < 300; i++) {
                            long item = base + thread * 1000L + i;
                            results.put(item, lane.submit(thread, item));
                            if (thread == 1 && i == 100) {
                                lane.close();
                            }
                        }
                    });
            for (Map.Entry<Long, CompletableFuture<Long>> result : results.entrySet()) {
                assertThat(result.getValue()).isDone();
                Throwable failure = failure(result.getValue());
                if (failure != null) {
                    assertThat(failure).satisfies(refusedAs(LaneRefusal.Reason.CLOSED));
                }
                result.getValue().exceptionally(e -> 0L);
            }
            long accepted = 0;
            for (CompletableFuture<Long> result : results.values()) {
                accepted += result.isCompletedExceptionally() ? 0 : 1;
            }
            assertThat(accepted).isGreaterThan(100);
            assertThat(Lanes.count(pool, "SELECT count(*) FROM written WHERE item >= " + base))
                    .isEqualTo(accepted);
        }
        assertThat(Lanes.count(pool, "SELECT count(*) FROM platform.commit_tokens")).isZero();
    }

    /** The lane writes item 0 until the gate is opened; what comes then waits. */
    private void holdBack(GroupCommit<Long, Long> lane) throws InterruptedException {
        assertThat(lane.submit("k", 0L)).isNotDone();
        gated.begun.acquire();
    }

    private static Consumer<Throwable> refusedAs(LaneRefusal.Reason reason) {
        return failure ->
                assertThat(failure)
                        .isInstanceOfSatisfying(
                                LaneRefusal.class,
                                refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }
}
