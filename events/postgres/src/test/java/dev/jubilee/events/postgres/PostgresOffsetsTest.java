package dev.jubilee.events.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.PartitionId;
import dev.jubilee.events.tck.OffsetStoreContract;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealPostgres.class)
class PostgresOffsetsTest extends OffsetStoreContract {
    private static final PartitionId P0 = new PartitionId(UUID.randomUUID(), 0);

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

    @Override
    protected OffsetStore open() {
        return offsets;
    }

    @Override
    protected boolean advance(OffsetAdvance advance) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            boolean done = offsets.advance(connection, advance);
            if (done) {
                connection.commit();
            } else {
                connection.rollback();
            }
            return done;
        }
    }

    @Test
    void doesNotTakeAnEpochForThatOfAPositionThatWasMovedWithoutOne() throws SQLException {
        advance(at(-1, -1, 30, 3));

        postgres.execute("UPDATE platform.consumer_offsets SET next_offset = 40");

        assertThat(offsets.positionsWithEpochs("g")).isEqualTo(Map.of(P0, new Position(40, -1)));
        assertThat(advance(at(40, 3, 50, 4))).isFalse();
        assertThat(advance(at(40, -1, 50, 4))).isTrue();
        assertThat(offsets.positionsWithEpochs("g")).isEqualTo(Map.of(P0, new Position(50, 4)));
    }

    @Test
    void refusesATableNameThatIsNone() {
        assertThatThrownBy(() -> new PostgresOffsets(pool, "offsets; DROP TABLE x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was 'offsets; DROP TABLE x'");
    }

    private static OffsetAdvance at(long offset, int epoch, long next, int nextEpoch) {
        Step step =
                new Step(
                        P0,
                        "game.events",
                        new Position(offset, epoch),
                        new Position(next, nextEpoch));
        return new OffsetAdvance("g", List.of(step));
    }
}
