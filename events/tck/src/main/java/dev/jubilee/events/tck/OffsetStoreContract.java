package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.OffsetAdvance.Step;
import dev.jubilee.events.OffsetStore;
import dev.jubilee.events.OffsetStore.Position;
import dev.jubilee.events.PartitionId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What consumers may rely on whose positions are kept with their effects, and what one that was
 * overtaken must not be able to do.
 */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class OffsetStoreContract {
    private static final UUID TOPIC = UUID.randomUUID();
    private static final PartitionId P0 = new PartitionId(TOPIC, 0);
    private static final PartitionId P1 = new PartitionId(TOPIC, 1);
    private static final int ROUNDS = 100;

    private OffsetStore offsets;

    /** A store without positions. */
    protected abstract OffsetStore open();

    /**
     * Applies the advance to the store that was opened last, in a transaction that is committed if
     * every position was what is expected, and else rolled back. Called by many threads at once.
     *
     * @return whether it was committed
     */
    protected abstract boolean advance(OffsetAdvance advance) throws Exception;

    /** Whether the store keeps the epochs of positions. */
    protected boolean keepsEpochs() {
        return true;
    }

    @BeforeEach
    final void openOffsets() {
        offsets = open();
    }

    @Test
    void aGroupHasNoPositionAtFirstAndThenStandsWhereItWasMovedTo() throws Exception {
        assertThat(offsets.positions("g")).isEmpty();

        assertThat(advance("g", step(P0, OffsetAdvance.NONE, 5), step(P1, OffsetAdvance.NONE, 7)))
                .isTrue();
        assertThat(advance("g", step(P0, 5, 6))).isTrue();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 6L, P1, 7L));
        assertThat(offsets.positionsWithEpochs("g"))
                .isEqualTo(
                        Map.of(
                                P0, new Position(6, Position.NO_EPOCH),
                                P1, new Position(7, Position.NO_EPOCH)));
    }

    @Test
    void groupsDoNotKnowOfEachOther() throws Exception {
        advance("g", step(P0, OffsetAdvance.NONE, 5));

        assertThat(advance("other", step(P0, OffsetAdvance.NONE, 1))).isTrue();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 5L));
        assertThat(offsets.positions("other")).isEqualTo(Map.of(P0, 1L));
    }

    @Test
    void aGroupHasPassedWhatIsBeforeItsPositions() throws Exception {
        advance("g", step(P0, OffsetAdvance.NONE, 6), step(P1, OffsetAdvance.NONE, 7));

        assertThat(offsets.hasPassed("g", Map.of(P0, 6L, P1, 7L))).isTrue();
        assertThat(offsets.hasPassed("g", Map.of(P0, 7L))).isFalse();
        assertThat(offsets.hasPassed("g", Map.of(new PartitionId(UUID.randomUUID(), 0), 0L)))
                .isTrue();
    }

    @Test
    void whoeverExpectsAnotherPositionIsFencedOff() throws Exception {
        advance("g", step(P0, OffsetAdvance.NONE, 5), step(P1, OffsetAdvance.NONE, 7));

        assertThat(advance("g", step(P0, 4, 6))).isFalse();
        assertThat(advance("g", step(P0, OffsetAdvance.NONE, 6))).isFalse();
        assertThat(advance("g", step(new PartitionId(TOPIC, 2), 3, 8))).isFalse();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 5L, P1, 7L));
    }

    @Test
    void ofABatchAllPositionsMoveOrNone() throws Exception {
        advance("g", step(P0, OffsetAdvance.NONE, 5), step(P1, OffsetAdvance.NONE, 7));

        assertThat(advance("g", step(P0, 5, 6), step(P1, 6, 8))).isFalse();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 5L, P1, 7L));
    }

    @Test
    void aTopicThatWasMadeAgainIsAnother() throws Exception {
        advance("g", step(P0, OffsetAdvance.NONE, 5));
        PartitionId again = new PartitionId(UUID.randomUUID(), 0);

        assertThat(advance("g", step(again, OffsetAdvance.NONE, 1))).isTrue();

        assertThat(offsets.positions("g")).isEqualTo(Map.of(P0, 5L, again, 1L));
    }

    @Test
    void whoeverStoodThereInAnotherEpochIsFencedOff() throws Exception {
        if (!keepsEpochs()) {
            return;
        }
        advance("g", at(OffsetAdvance.NONE, Position.NO_EPOCH, 30, 3));
        assertThat(advance("g", at(30, 3, 20, 5))).as("back, where the log was cut").isTrue();

        assertThat(advance("g", at(20, 3, 30, 3))).as("late").isFalse();
        assertThat(advance("g", at(20, Position.NO_EPOCH, 30, 3))).as("not knowing").isFalse();

        assertThat(offsets.positionsWithEpochs("g")).isEqualTo(Map.of(P0, new Position(20, 5)));
        assertThat(advance("g", at(20, 5, 21, 5))).isTrue();
    }

    @Test
    void exactlyOneOfManyMovesOnFromAPosition() throws Exception {
        AtomicInteger[] winners = new AtomicInteger[ROUNDS];
        Arrays.setAll(winners, round -> new AtomicInteger());
        Threads.together(
                6,
                thread -> {
                    for (int round = 0; round < ROUNDS; round++) {
                        long expected = round == 0 ? OffsetAdvance.NONE : round;
                        if (advance("g", steps(expected, round + 1L, thread % 2 == 0))) {
                            winners[round].incrementAndGet();
                        }
                        while (offsets.positions("g").getOrDefault(P0, 0L) <= round) {
                            Thread.onSpinWait();
                        }
                    }
                });
        assertThat(winners).allSatisfy(winner -> assertThat(winner).hasValue(1));
    }

    /** In one order or the other: that must not lock two consumers out. */
    private static Step[] steps(long expected, long next, boolean backwards) {
        List<Step> steps = new ArrayList<>();
        for (int partition = 0; partition < 4; partition++) {
            steps.add(step(new PartitionId(TOPIC, partition), expected, next));
        }
        if (backwards) {
            Collections.reverse(steps);
        }
        return steps.toArray(Step[]::new);
    }

    private boolean advance(String group, Step... steps) throws Exception {
        return advance(new OffsetAdvance(group, List.of(steps)));
    }

    private static Step at(long offset, int epoch, long next, int nextEpoch) {
        return new Step(
                P0, "game.events", new Position(offset, epoch), new Position(next, nextEpoch));
    }

    private static Step step(PartitionId partition, long expected, long next) {
        return new Step(partition, "game.events", expected, next);
    }
}
