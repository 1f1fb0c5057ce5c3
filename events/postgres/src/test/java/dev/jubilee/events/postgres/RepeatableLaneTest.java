package dev.jubilee.events.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealPostgres.class)
class RepeatableLaneTest {
    private final HikariDataSource pool;

    RepeatableLaneTest(TestPostgres postgres) {
        Lanes.createTables(postgres);
        this.pool = postgres.pool(4);
    }

    @AfterEach
    void disconnect() {
        pool.close();
    }

    @Test
    void theWorkCommitsByItself() throws Exception {
        List<Boolean> autoCommit = Collections.synchronizedList(new ArrayList<>());
        BatchWork<Long, Long> work =
                (connection, items) -> {
                    autoCommit.add(connection.getAutoCommit());
                    return Lanes.write(connection, items);
                };
        try (var lane =
                new GroupCommit<>(Lanes.SETTINGS.repeatable(), pool, work, LaneListener.NONE)) {
            assertThat(Lanes.get(lane.submit("k", 5L))).isEqualTo(-5);
            assertThat(Lanes.timesWritten(pool, 5)).isEqualTo(1);
        }
        assertThat(autoCommit).containsExactly(true);
        assertThat(Lanes.count(pool, "SELECT count(*) FROM platform.commit_tokens")).isZero();
    }

    @Test
    void theWorkIsRepeatedWhenItsAnswerIsLost() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        BatchWork<Long, Long> work =
                (connection, items) -> {
                    List<Long> results = Lanes.write(connection, items);
                    if (calls.incrementAndGet() == 1) {
                        throw new SQLException("the answer is lost", "08006");
                    }
                    return results;
                };
        try (var lane =
                new GroupCommit<>(Lanes.SETTINGS.repeatable(), pool, work, LaneListener.NONE)) {
            assertThat(Lanes.get(lane.submit("k", 5L))).isEqualTo(-5);
        }
        assertThat(calls).hasValue(2);
        assertThat(Lanes.timesWritten(pool, 5)).isEqualTo(2);
    }

    @Test
    void itemsAreAnsweredOnTheirOwnWhileTheLaneGathers() throws Exception {
        LaneSettings gathering = Lanes.SETTINGS.repeatable().withGathering(true);
        try (var lane = new GroupCommit<>(gathering, pool, Lanes::write, LaneListener.NONE)) {
            Lanes.together(
                    8,
                    thread -> {
                        for (long i = 0; i < 200; i++) {
                            long item = thread * 1000L + i;
                            assertThat(Lanes.get(lane.submit(thread, item))).isEqualTo(-item);
                        }
                    });
        }
        assertThat(Lanes.count(pool, "SELECT count(DISTINCT item) FROM written")).isEqualTo(1600);
    }
}
