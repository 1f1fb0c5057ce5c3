package dev.jubilee.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MeterTest {
    @Test
    void aNameWithBracketsAndSpacesDoesNotShiftTheFields() {
        String stat =
                "42 (tmux: server) (x)) S 1 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 99";

        assertThat(Meter.ticks(stat)).containsExactly(33, 77);
    }

    @Test
    void aProgramIsColdAsLongAsItsCompilersTakeATwelfthOfACore() {
        assertThat(Warmth.isCompiling(0.5, 3)).isTrue();
        assertThat(Warmth.isCompiling(0.2, 3)).isFalse();
    }

    @Test
    void theFirstRoundIsAlwaysWanted() {
        assertThat(Warmth.own().wantsMore()).isTrue();
    }

    @Test
    void durationsAreReadAsTheyAreTyped() {
        assertThat(Durations.parse("10s")).isEqualTo(Duration.ofSeconds(10));
        assertThat(Durations.parse("2m")).isEqualTo(Duration.ofMinutes(2));
        assertThat(Durations.parse("7")).isEqualTo(Duration.ofSeconds(7));
        assertThatThrownBy(() -> Durations.parse("soon")).isInstanceOf(BenchException.class);
        assertThatThrownBy(() -> Durations.parse("0s")).isInstanceOf(BenchException.class);
    }
}
