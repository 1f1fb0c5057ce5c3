package dev.jubilee.events.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.PartitionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealPostgres.class)
class PostgresOffsetsTest {
    private static final UUID TOPIC = UUID.randomUUID();
    private static final PartitionId P0 = new PartitionId(TOPIC, 0);
    private static final PartitionId P1 = new PartitionId(TOPIC, 1);

    private final TestPostgres postgres;
    private final HikariDataSource pool;
    private final PostgresOffsets offsets;

    PostgresOffsetsTest(TestPostgres postgres) {
        postgres.execute(
                """
                CREATE SCHEMA IF NOT EXISTS platform;
                DROP TABLE IF EXISTS platform.consumer_offsets;
                CREATE TABLE platform.consumer_offsets (
                    consumer_group text, topic_id uuid, partition int, topic text NOT NULL,
                    next_offset bigint NOT NULL, leader_epoch int, epoch_offset bigint,
                    updated_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (consumer_group, topic_id, partition));\
                """);
        this.postgres = postgres;
        this.pool = postgres.pool(8);
        this.offsets = new PostgresOffsets(pool, "platform.consumer_offsets");
    }

    @AfterEach
    void disconnect() {
        pool.close();
    }

    @Test
    void knowsNoPositionAtFirstAndThenWhereTheGroupStands() throws SQLException {
        assertThat(offsets.positions("g")).isEmpty();

        assertThat(advance("g", step(P0, -1, 5), step(P1, -1, 7))).isTrue();
        assertThat(advance("g", step(P0, 5, 6))).isTrue();
        assertThat(advance("other", step(P0, -1, 1))).isTrue();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 6L, P1, 7L));
        assertThat(offsets.hasPassed("g", Map.of(P0, 6L, P1, 7L))).isTrue();
        assertThat(offsets.hasPassed("g", Map.of(P0, 7L))).isFalse();
        assertThat(offsets.hasPassed("g", Map.of(new PartitionId(UUID.randomUUID(), 0), 0L)))
                .isTrue();
    }

    @Test
    void fencesWhoeverExpectsAnotherPosition() throws SQLException {
        advance("g", step(P0, -1, 5), step(P1, -1, 7));

        assertThat(advance("g", step(P0, 4, 6))).isFalse();
        assertThat(advance("g", step(P0, -1, 6))).isFalse();
        assertThat(advance("g", step(P0, 5, 6), step(P1, 6, 8))).isFalse();
        assertThat(advance("g", step(P0, 5, 6), step(new PartitionId(TOPIC, 2), 3, 8))).isFalse();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 5L, P1, 7L));
    }

    @Test
    void fencesWhoeverStoodThereInAnotherEpoch() throws SQLException {
        advance("g", at(-1, -1, 30, 3));
        assertThat(advance("g", at(30, 3, 20, 5))).as("back").isTrue();

        assertThat(advance("g", at(20, 3, 30, 3))).as("late").isFalse();
        assertThat(advance("g", at(20, -1, 30, 3))).as("without an epoch").isFalse();

        assertThat(offsets.positionsWithEpochs("g")).isEqualTo(Map.of(P0, new Position(20, 5)));
        assertThat(advance("g", at(20, 5, 21, 5))).isTrue();
    }

    @Test
    void doesNotTakeAnEpochForThatOfAPositionThatWasMovedWithoutOne() throws SQLException {
        advance("g", at(-1, -1, 30, 3));

        postgres.execute("UPDATE platform.consumer_offsets SET next_offset = 40");

        assertThat(offsets.positionsWithEpochs("g")).isEqualTo(Map.of(P0, new Position(40, -1)));
        assertThat(advance("g", at(40, 3, 50, 4))).isFalse();
        assertThat(advance("g", at(40, -1, 50, 4))).isTrue();
        assertThat(offsets.positionsWithEpochs("g")).isEqualTo(Map.of(P0, new Position(50, 4)));
    }

    @Test
    void letsExactlyOneOfManyMoveOnFromAPosition() throws Exception {
        int rounds = 200;
        AtomicInteger[] winners = new AtomicInteger[rounds];
        Arrays.setAll(winners, round -> new AtomicInteger());
        Lanes.together(
                6,
                thread -> {
                    for (int round = 0; round < rounds; round++) {
                        long expected = round == 0 ? OffsetAdvance.NONE : round;
                        long next = round + 1L;
                        List<Step> moves = new ArrayList<>();
                        for (int partition = 0; partition < 4; partition++) {
                            moves.add(step(new PartitionId(TOPIC, partition), expected, next));
                        }
                        // In one order or the other: that must not lock the two out.
                        if (thread % 2 == 0) {
                            Collections.reverse(moves);
                        }
                        if (advance("g", moves.toArray(Step[]::new))) {
                            winners[round].incrementAndGet();
                        }
                        while (offsets.positions("g").getOrDefault(P0, 0L) < next) {
                            Thread.onSpinWait();
                        }
                    }
                });
        for (AtomicInteger winner : winners) {
            assertThat(winner).hasValue(1);
        }
    }

    @Test
    void refusesATableNameThatIsNone() {
        assertThatThrownBy(() -> new PostgresOffsets(pool, "offsets; DROP TABLE x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was 'offsets; DROP TABLE x'");
    }

    private boolean advance(String group, Step... steps) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            boolean done = offsets.advance(connection, new OffsetAdvance(group, List.of(steps)));
            if (done) {
                connection.commit();
            } else {
                connection.rollback();
            }
            return done;
        }
    }

    private static Step at(long offset, int epoch, long next, int nextEpoch) {
        return new Step(
                P0, "game.events", new Position(offset, epoch), new Position(next, nextEpoch));
    }

    private static Step step(PartitionId partition, long expected, long next) {
        return new Step(partition, "game.events", expected, next);
    }
}
