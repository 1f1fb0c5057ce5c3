package dev.jubilee.events;

import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

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
     * The same, if chance takes nothing of it away.
     *
     * @param failures from 1
     */
    Duration longestAfter(int failures);

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

    /** One pause after the other; the last one repeats. */
    static Backoff steps(List<Duration> delays) {
        return new Steps(delays);
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
        public Duration longestAfter(int failures) {
            return delay;
        }

        @Override
        public Duration longest(int failures) {
            return nanos((double) delay.toNanos() * failures);
        }
    }

    /**
     * One pause after the other.
     *
     * @param delays at least one; the last one repeats
     */
    record Steps(List<Duration> delays) implements Backoff {
        public Steps {
            delays = List.copyOf(delays);
            if (delays.isEmpty()) {
                throw new IllegalArgumentException("'delays' must hold one pause at least");
            }
            delays.forEach(delay -> requirePause("delays", delay));
        }

        @Override
        public Duration after(int failures, RandomGenerator random) {
            return longestAfter(failures);
        }

        @Override
        public Duration longestAfter(int failures) {
            return delays.get(Math.clamp(failures, 1, delays.size()) - 1);
        }

        @Override
        public Duration longest(int failures) {
            double listed = delays.stream().limit(failures).mapToDouble(Duration::toNanos).sum();
            int repeated = Math.max(0, failures - delays.size());
            return nanos(listed + (double) delays.getLast().toNanos() * repeated);
        }
    }

    /**
     * Longer each time.
     *
     * @param delay the first pause
     * @param maxDelay the longest
     * @param multiplier of each pause to the next, 1 or more
     * @param jitter the part of each pause that is left to chance, 0 to 1, so that those who failed
     *     together do not come back together: a pause of 8 s with a jitter of 0.5 is 4 to 8 s
     */
    record Exponential(Duration delay, Duration maxDelay, double multiplier, double jitter)
            implements Backoff {
        /** After so many pauses that still grow the rest is taken for the longest. */
        private static final int MOST_SUMMED = 10_000;

        public Exponential {
            requirePause("delay", delay);
            requirePause("maxDelay", maxDelay);
            if (maxDelay.compareTo(delay) < 0) {
                throw new IllegalArgumentException(
                        "'maxDelay' must be 'delay' (" + delay + ") or more, was " + maxDelay);
            }
            if (!(multiplier >= 1 && multiplier <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException(
                        "'multiplier' must be 1 or more, was " + multiplier);
            }
            if (!(jitter >= 0 && jitter <= 1)) {
                throw new IllegalArgumentException("'jitter' must be 0 to 1, was " + jitter);
            }
        }

        /** Twice as long each time. */
        public Exponential(Duration delay, Duration maxDelay, double jitter) {
            this(delay, maxDelay, 2, jitter);
        }

        @Override
        public Duration after(int failures, RandomGenerator random) {
            return nanos(full(failures) * (1 - jitter * random.nextDouble()));
        }

        @Override
        public Duration longestAfter(int failures) {
            return nanos(full(failures));
        }

        @Override
        public Duration longest(int failures) {
            double sum = 0;
            for (int failure = 1; failure <= failures; failure++) {
                double pause = full(failure);
                boolean last = failure == MOST_SUMMED;
                if (last || pause >= maxDelay.toNanos() || pause == full(failure + 1)) {
                    double rest = last ? maxDelay.toNanos() : pause;
                    return nanos(sum + pause + rest * (failures - failure));
                }
                sum += pause;
            }
            return nanos(sum);
        }

        /** In nanoseconds, and before anything is left to chance. */
        private double full(int failures) {
            if (delay.isZero()) {
                return 0;
            }
            double grown = delay.toNanos() * Math.pow(multiplier, Math.max(0, failures - 1));
            return Math.min(grown, (double) maxDelay.toNanos());
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
