package dev.jubilee.server.bus.subscriptions;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * When a delivery that failed is tried again.
 *
 * @param maxRetries tries after the first
 * @param delay the pause before each, unless a plan says otherwise
 */
public record RetryPolicy(int maxRetries, Duration delay, @Nullable Plan plan) {
    private static final double LONGEST_SECONDS = Duration.ofDays(7).toSeconds();

    /** Pauses that differ from retry to retry. */
    public sealed interface Plan {}

    /**
     * One pause after the other; the last one repeats.
     *
     * @param delays seconds
     */
    public record Steps(List<Integer> delays) implements Plan {
        public Steps {
            delays = List.copyOf(delays);
        }
    }

    /**
     * Pauses that grow.
     *
     * @param initial seconds before the first retry
     * @param multiplier of each pause to the next
     * @param max seconds that no pause exceeds
     * @param jitter the part of a pause that is left to chance, 0 to 1, so that those who failed
     *     together do not return together
     */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record Exponential(double initial, double multiplier, double max, double jitter)
            implements Plan {}

    /** Whether another try is due after so many. */
    public boolean allowsAfter(int attempts) {
        return attempts <= maxRetries;
    }

    /** The pause after so many attempts, counted from 1. */
    public Duration pauseAfter(int attempts, RandomGenerator random) {
        double chance = 1 - jitter() * random.nextDouble();
        return Duration.ofMillis(Math.round(longestPauseAfter(attempts).toMillis() * chance));
    }

    /** The pause after so many attempts, counted from 1, if chance takes nothing of it away. */
    public Duration longestPauseAfter(int attempts) {
        return switch (plan) {
            case null -> delay;
            case Steps(List<Integer> delays) ->
                    Duration.ofSeconds(delays.get(Math.min(attempts, delays.size()) - 1));
            case Exponential growing -> growing(growing, attempts);
        };
    }

    /** The part of a pause that is left to chance, 0 to 1. */
    public double jitter() {
        return plan instanceof Exponential growing ? growing.jitter() : 0;
    }

    private static Duration growing(Exponential plan, int attempts) {
        double seconds = plan.initial() * Math.pow(plan.multiplier(), attempts - 1);
        seconds = Math.min(Math.min(seconds, plan.max()), LONGEST_SECONDS);
        return Duration.ofMillis(Math.round(seconds * 1_000));
    }
}
