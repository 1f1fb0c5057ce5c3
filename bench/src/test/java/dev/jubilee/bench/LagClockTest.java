package dev.jubilee.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LagClockTest {
    private final LagClock clock = new LagClock();

    @Test
    void whatHasCaughtUpDoesNotLag() {
        assertThat(clock.at(100, 10, 10)).isZero();
        assertThat(clock.at(200, 20, 25)).isZero();
    }

    @Test
    void theLagIsTheAgeOfTheOldestThatWaits() {
        clock.at(0, 0, 0);
        clock.at(100, 10, 0);
        clock.at(200, 20, 0);
        clock.at(300, 30, 0);

        // The eleventh was written between 100 and 200.
        assertThat(clock.at(400, 40, 10)).isEqualTo(300);
    }

    @Test
    void theLagGrowsWhileNothingIsDone() {
        clock.at(0, 0, 0);

        assertThat(clock.at(100, 5, 0)).isEqualTo(100);
        assertThat(clock.at(1_000, 5, 0)).isEqualTo(1_000);
    }

    @Test
    void aNewBacklogIsAsYoungAsItIs() {
        clock.at(0, 0, 0);
        clock.at(100, 5, 0);
        clock.at(900, 5, 5);

        assertThat(clock.at(1_000, 6, 5)).isEqualTo(100);
    }
}
