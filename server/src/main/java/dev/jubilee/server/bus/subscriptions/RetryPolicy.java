package dev.jubilee.server.bus.subscriptions;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.jubilee.events.Backoff;
import dev.jubilee.events.RetryStrategy;
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

    /** This policy, as the event library has it. */
    public RetryStrategy strategy() {
        int attempts = Math.toIntExact(Math.min(maxRetries + 1L, Integer.MAX_VALUE));
        return RetryStrategy.attempts(attempts).backoff(backoff());
    }

    /** Whether another try follows after so many. */
    public boolean allowsAfter(int attempts) {
        return attempts < strategy().maxAttempts();
    }

    /** The pause after so many attempts, counted from 1. */
    public Duration pauseAfter(int attempts, RandomGenerator random) {
        return backoff().after(attempts, random);
    }

    /** The part of a pause that is left to chance, 0 to 1. */
    public double jitter() {
        return plan instanceof Exponential growing ? growing.jitter() : 0;
    }

    private Backoff backoff() {
        return switch (plan) {
            case null -> Backoff.fixed(delay);
            case Steps(List<Integer> delays) ->
                    Backoff.steps(delays.stream().map(Duration::ofSeconds).toList());
            case Exponential growing ->
                    new Backoff.Exponential(
                            seconds(growing.initial()),
                            seconds(growing.max()),
                            growing.multiplier(),
                            growing.jitter());
        };
    }

    private static Duration seconds(double seconds) {
        return Duration.ofNanos(Math.round(Math.min(seconds, LONGEST_SECONDS) * 1e9));
    }
}
