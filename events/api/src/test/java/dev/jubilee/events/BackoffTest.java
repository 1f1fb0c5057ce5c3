package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

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

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Backoff.fixed(SECOND.negated()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Backoff.exponential(MINUTE, SECOND))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff.Exponential(SECOND, MINUTE, 1.1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
