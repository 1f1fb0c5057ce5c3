package dev.jubilee.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandledOffsetsTest {
    private final HandledOffsets handled = new HandledOffsets();

    @Test
    void whatIsCommittedHasNoGap() {
        HandledOffsets.Offset first = handled.begin(5);
        HandledOffsets.Offset second = handled.begin(6);
        HandledOffsets.Offset third = handled.begin(9); // what is between is none of ours
        second.done();
        assertThat(handled.toCommit()).isNull();
        assertThat(handled.span()).isEqualTo(5);

        first.done();
        assertThat(handled.toCommit()).isEqualTo(9);
        assertThat(handled.toCommit()).isNull();

        third.done();
        assertThat(handled.toCommit()).isEqualTo(10);
        assertThat(handled.span()).isZero();
    }

    @Test
    void aLogThatWasCutIsCountedAnew() {
        HandledOffsets.Offset before = handled.begin(5_000);
        HandledOffsets.Offset again = handled.begin(7);
        before.done();
        assertThat(handled.toCommit()).isNull();

        again.done();

        assertThat(handled.toCommit()).isEqualTo(8);
    }

    @Test
    void aGapTakesNoRoomHoweverLongItIs() {
        handled.begin(0).done();

        handled.begin(1L << 40).done();

        assertThat(handled.toCommit()).isEqualTo((1L << 40) + 1);
    }

    @Test
    void whatCouldNotBeCommittedIsCommittedAgain() {
        handled.begin(0).done();
        assertThat(handled.toCommit()).isEqualTo(1);

        handled.notCommitted();

        assertThat(handled.toCommit()).isEqualTo(1);
    }

    @Test
    void oneThatWaitsForLongHoldsBackTheCommitAndNothingElse() {
        handled.begin(0);
        for (int i = 1; i <= 1_000_000; i++) {
            handled.begin(i).done();
        }
        assertThat(handled.toCommit()).isNull();
        assertThat(handled.span()).isEqualTo(1_000_001);

        handled.again(0).done();

        assertThat(handled.toCommit()).isEqualTo(1_000_001);
        assertThat(handled.span()).isZero();
    }

    @Test
    void itGoesOnWhereItWasAfterItHasForgottenWhatIsDone() {
        List<HandledOffsets.Offset> begun = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            begun.add(handled.begin(i));
        }
        begun.subList(0, 3000).forEach(HandledOffsets.Offset::done);
        assertThat(handled.toCommit()).isEqualTo(3000);

        begun.subList(3001, 5000).forEach(HandledOffsets.Offset::done);
        assertThat(handled.toCommit()).isNull();
        begun.get(3000).done();

        assertThat(handled.toCommit()).isEqualTo(5000);
    }
}
