package dev.jubilee.events;

import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** How long to wait before trying again; a single pause is 100 years at most. */
public sealed interface Backoff {
    /** Beyond this, clocks that count nanoseconds overflow. */
    Duration LONGEST_PAUSE = Duration.ofDays(36_500);

    /**
     * The pause after so many failures.
     *
     * @param failures from 1
     */
    Duration after(int failures, RandomGenerator random);

    /**
     * The longest that the pauses after so many failures may take, all together.
     *
     * @param failures from 0
     */
    Duration longest(int failures);

    /** The same pause each time. */
    static Backoff fixed(Duration delay) {
        return new Fixed(delay);
    }

    /** Twice as long each time up to the longest, of which up to half is left to chance. */
    static Backoff exponential(Duration delay, Duration maxDelay) {
        return new Exponential(delay, maxDelay, 0.5);
    }

    /** The same pause each time. */
    record Fixed(Duration delay) implements Backoff {
        public Fixed {
            requirePause("delay", delay);
        }

        @Override
        public Duration after(int failures, RandomGenerator random) {
            return delay;
        }

        @Override
        public Duration longest(int failures) {
            return nanos((double) delay.toNanos() * failures);
        }
    }

    /**
     * Twice as long each time.
     *
     * @param delay the first pause
     * @param maxDelay the longest
     * @param jitter the part of each pause that is left to chance, 0 to 1, so that those who failed
     *     together do not come back together: a pause of 8 s with a jitter of 0.5 is 4 to 8 s
     */
    record Exponential(Duration delay, Duration maxDelay, double jitter) implements Backoff {
        /** A pause beyond 2^30 times the first is the longest anyway. */
        private static final int MOST_DOUBLINGS = 30;

        public Exponential {
            requirePause("delay", delay);
            requirePause("maxDelay", maxDelay);
            if (maxDelay.compareTo(delay) < 0) {
                throw new IllegalArgumentException(
                        "'maxDelay' must be 'delay' (" + delay + ") or more, was " + maxDelay);
            }
            if (!(jitter >= 0 && jitter <= 1)) {
                throw new IllegalArgumentException("'jitter' must be 0 to 1, was " + jitter);
            }
        }

        @Override
        public Duration after(int failures, RandomGenerator random) {
            return nanos(full(failures) * (1 - jitter * random.nextDouble()));
        }

        @Override
        public Duration longest(int failures) {
            double growing =
                    IntStream.rangeClosed(1, Math.min(failures, MOST_DOUBLINGS))
                            .mapToDouble(this::full)
                            .sum();
            return nanos(growing + full(failures) * Math.max(0, failures - MOST_DOUBLINGS));
        }

        /** In nanoseconds, and before anything is left to chance. */
        private double full(int failures) {
            double doubled =
                    (double) delay.toNanos() * (1L << Math.clamp(failures - 1L, 0, MOST_DOUBLINGS));
            return Math.min(doubled, (double) maxDelay.toNanos());
        }
    }

    /** What is too long for a duration in nanoseconds, 292 years, is that. */
    private static Duration nanos(double nanos) {
        return Duration.ofNanos((long) nanos);
    }

    private static void requirePause(String name, Duration value) {
        if (value.isNegative() || value.compareTo(LONGEST_PAUSE) > 0) {
            throw new IllegalArgumentException(
                    "'" + name + "' must be 0 to " + LONGEST_PAUSE.toDays() + " days: " + value);
        }
    }
}
