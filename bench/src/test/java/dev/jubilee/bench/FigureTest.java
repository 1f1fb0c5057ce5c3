package dev.jubilee.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FigureTest {
    @Test
    void aFloorIsHeldFromItUpwards() {
        assertThat(Figure.atLeast("throughput", 25_000, "/s", 25_000).holds()).isTrue();
        assertThat(Figure.atLeast("throughput", 24_999.9, "/s", 25_000).holds()).isFalse();
    }

    @Test
    void aCeilingMustNotBeReached() {
        assertThat(Figure.below("p99", 19.9, "ms", 20).holds()).isTrue();
        assertThat(Figure.below("p99", 20, "ms", 20).holds()).isFalse();
    }

    @Test
    void aRatioToNothingIsNothing() {
        assertThat(Figure.ratio(30, 100)).isEqualTo(0.3);
        assertThat(Figure.ratio(30, 0)).isZero();
    }

    @Test
    void oneMissedFloorMakesAnOutcomeTooSlow() {
        Outcome outcome =
                new Outcome.Notes()
                        .figure(Figure.atLeast("throughput", 30, "/s", 20))
                        .figure(Figure.below("p99", 21, "ms", 20))
                        .of("x");

        assertThat(outcome.fastEnough()).isFalse();
        assertThat(outcome.right()).isTrue();
    }

    @Test
    void whatWasAcknowledgedAndIsNotThereIsAWrongAnswer() {
        assertThat(new Finding("stored", 100, 164, 99).holds()).isFalse();
        assertThat(new Finding("stored", 100, 164, 100).holds()).isTrue();
        assertThat(new Finding("stored", 100, 164, 164).holds()).isTrue();
    }

    @Test
    void whatIsThereAndCannotHaveBeenSentIsAWrongAnswer() {
        Finding doubled = new Finding("stored", 100, 164, 165);

        assertThat(doubled.holds()).isFalse();
        assertThat(new Outcome("x", List.of(), List.of(doubled)).right()).isFalse();
    }
}
