package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {
    private static RetryPolicy policy(RetryPolicy.@Nullable Plan plan) {
        return new RetryPolicy(4, Duration.ofSeconds(60), plan);
    }

    private static List<Long> pausesInMillis(RetryPolicy policy) {
        return IntStream.rangeClosed(1, 5)
                .mapToObj(attempts -> policy.pauseAfter(attempts, new Random(1)).toMillis())
                .toList();
    }

    @Test
    void aDeliveryIsTriedOnceAndThenAsOftenAsItMayBeRetried() {
        RetryPolicy policy = policy(null);

        assertThat(policy.strategy().maxAttempts()).isEqualTo(5);
        assertThat(policy.allowsAfter(4)).isTrue();
        assertThat(policy.allowsAfter(5)).isFalse();
        assertThat(new RetryPolicy(0, Duration.ZERO, null).allowsAfter(1)).isFalse();
    }

    @Test
    void withoutAPlanEveryPauseIsTheDelay() {
        assertThat(policy(null).strategy().backoff())
                .isEqualTo(Backoff.fixed(Duration.ofMinutes(1)));
    }

    @Test
    void stepsAreTakenInOrderAndTheLastOneRepeats() {
        assertThat(pausesInMillis(policy(new RetryPolicy.Steps(List.of(1, 0, 30)))))
                .containsExactly(1_000L, 0L, 30_000L, 30_000L, 30_000L);
    }

    @Test
    void growingPausesAreMultipliedUpToTheLongest() {
        assertThat(pausesInMillis(policy(new RetryPolicy.Exponential(0.5, 3, 10, 0))))
                .containsExactly(500L, 1_500L, 4_500L, 10_000L, 10_000L);
    }

    @Test
    void noPauseIsLongerThanAWeek() {
        RetryPolicy policy = policy(new RetryPolicy.Exponential(1e9, 2, 1e12, 0));

        assertThat(policy.pauseAfter(3, new Random(1))).isEqualTo(Duration.ofDays(7));
    }

    @Test
    void chanceTakesItsPartOfEachPauseAndNoMore() {
        RetryPolicy policy = policy(new RetryPolicy.Exponential(8, 2, 8, 0.5));

        assertThat(IntStream.range(0, 100).mapToObj(seed -> policy.pauseAfter(1, new Random(seed))))
                .allMatch(pause -> pause.toMillis() >= 4_000 && pause.toMillis() <= 8_000)
                .doesNotContainSequence(Duration.ofSeconds(8), Duration.ofSeconds(8));
    }
}
