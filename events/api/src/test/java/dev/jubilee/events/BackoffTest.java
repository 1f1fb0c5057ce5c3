package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackoffTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @Test
    void exponentialDoublesUpToItsLongest() {
        Backoff backoff = new Backoff.Exponential(SECOND, Duration.ofSeconds(5), 0);
        RandomGenerator random = new Random(1);

        assertThat(backoff.after(1, random)).isEqualTo(SECOND);
        assertThat(backoff.after(2, random)).isEqualTo(Duration.ofSeconds(2));
        assertThat(backoff.after(3, random)).isEqualTo(Duration.ofSeconds(4));
        assertThat(backoff.after(4, random)).isEqualTo(Duration.ofSeconds(5));
        assertThat(backoff.after(Integer.MAX_VALUE, random)).isEqualTo(Duration.ofSeconds(5));
    }

    @Property
    void jitterTakesAtMostItsPart(@ForAll @IntRange(min = 1) int failures, @ForAll long seed) {
        Duration full = new Backoff.Exponential(SECOND, MINUTE, 0).after(failures, new Random(1));

        Duration pause =
                new Backoff.Exponential(SECOND, MINUTE, 0.5).after(failures, new Random(seed));

        assertThat(pause).isBetween(full.dividedBy(2), full);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 31, 32, 40})
    void theLongestIsWhatAllPausesTakeWithoutJitter(int failures) {
        for (Backoff backoff :
                List.of(
                        Backoff.fixed(MINUTE),
                        new Backoff.Exponential(SECOND, MINUTE, 0),
                        new Backoff.Exponential(Duration.ofNanos(1), MINUTE, 0),
                        new Backoff.Exponential(Duration.ofNanos(1024), MINUTE, 1.5, 0),
                        new Backoff.Exponential(SECOND, MINUTE, 1, 0),
                        new Backoff.Exponential(Duration.ZERO, MINUTE, 2, 0),
                        Backoff.steps(List.of(SECOND, MINUTE, SECOND)))) {
            Duration all = Duration.ZERO;
            for (int failure = 1; failure <= failures; failure++) {
                all = all.plus(backoff.after(failure, new Random(1)));
            }

            // What is not a whole nanosecond is left out of each pause.
            assertThat(backoff.longest(failures)).isBetween(all, all.plusNanos(failures));
        }
        assertThat(Backoff.exponential(SECOND, MINUTE).longest(failures))
                .isEqualTo(new Backoff.Exponential(SECOND, MINUTE, 0).longest(failures));
    }

    @Test
    void aGrowingPauseMayGrowByAnyFactor() {
        Backoff backoff = new Backoff.Exponential(SECOND, Duration.ofSeconds(50), 3, 0.5);

        assertThat(backoff.longestAfter(1)).isEqualTo(SECOND);
        assertThat(backoff.longestAfter(2)).isEqualTo(Duration.ofSeconds(3));
        assertThat(backoff.longestAfter(4)).isEqualTo(Duration.ofSeconds(27));
        assertThat(backoff.longestAfter(5)).isEqualTo(Duration.ofSeconds(50));
        assertThat(backoff.longestAfter(Integer.MAX_VALUE)).isEqualTo(Duration.ofSeconds(50));
        assertThat(backoff.after(4, new Random(1)))
                .isBetween(Duration.ofMillis(13_500), Duration.ofSeconds(27));
    }

    @Test
    void stepsAreTakenInOrderAndTheLastOneRepeats() {
        Backoff backoff = Backoff.steps(List.of(SECOND, MINUTE, Duration.ZERO));

        assertThat(backoff.after(1, new Random(1))).isEqualTo(SECOND);
        assertThat(backoff.after(2, new Random(1))).isEqualTo(MINUTE);
        assertThat(backoff.after(3, new Random(1))).isZero();
        assertThat(backoff.longestAfter(Integer.MAX_VALUE)).isZero();
    }

    @Test
    void theSumOfManyGrowingPausesIsFoundAtOnceAndNeverTooSmall() {
        Backoff slow = new Backoff.Exponential(SECOND, MINUTE, 1.000_001, 0);

        assertThat(slow.longest(20_000))
                .isBetween(SECOND.multipliedBy(20_000), MINUTE.multipliedBy(20_000));
        assertThat(slow.longest(Integer.MAX_VALUE))
                .isGreaterThan(SECOND.multipliedBy(Integer.MAX_VALUE));
    }

    @Test
    void whatNeverEndsIsVeryLong() {
        Duration century = Duration.ofDays(36_500);
        assertThat(Backoff.fixed(century).longest(Integer.MAX_VALUE)).isGreaterThan(century);
        assertThat(Backoff.exponential(SECOND, century).longest(Integer.MAX_VALUE))
                .isGreaterThan(century);
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Backoff.fixed(SECOND.negated()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Backoff.fixed(Duration.ofDays(36_501)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Backoff.exponential(SECOND, Duration.ofDays(36_501)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Backoff.exponential(MINUTE, SECOND))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff.Exponential(SECOND, MINUTE, 1.1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff.Exponential(SECOND, MINUTE, 0.9, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Backoff.steps(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Backoff.steps(List.of(SECOND, SECOND.negated())))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
