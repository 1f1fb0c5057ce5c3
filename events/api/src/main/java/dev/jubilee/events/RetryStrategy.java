package dev.jubilee.events;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What happens when a handler fails.
 *
 * @param maxAttempts how often the event is handled at most, the first time included
 * @param backoff the pause before each further attempt that is not made at once
 * @param order what becomes of later events of the same key meanwhile
 * @param classifier what each failure calls for
 * @param deadLetter where the event goes in the end; null: nowhere, it is dropped, which is logged
 *     once a minute
 */
public record RetryStrategy(
        int maxAttempts,
        Backoff backoff,
        Order order,
        ErrorClassifier classifier,
        @Nullable DeadLetterRoute deadLetter) {

    /** Where dead letters go unless something else is said. */
    public static final DeadLetterRoute DEAD_LETTERS = new DeadLetterRoute("events", "dead");

    /**
     * Three attempts, one second between them, in order per key, then to {@link #DEAD_LETTERS}: the
     * documented defaults.
     */
    public static final RetryStrategy DEFAULT =
            attempts(3).backoff(Backoff.fixed(Duration.ofSeconds(1)));

    /** What becomes of later events of the key while one waits to be tried again. */
    public enum Order {
        /**
         * They wait behind it, and events of other keys go on. When it becomes a dead letter, they
         * go on without it.
         */
        PER_KEY,
        /** They go on at once, and so may overtake it. */
        NONE
    }

    public RetryStrategy {
        if (maxAttempts < 1) {
            throw new IllegalArgumentException(
                    "'maxAttempts' must be 1 or more, was " + maxAttempts);
        }
    }

    /** So many attempts, at once, in order per key, then to the dead letters. */
    public static RetryStrategy attempts(int maxAttempts) {
        return new RetryStrategy(
                maxAttempts,
                Backoff.fixed(Duration.ZERO),
                Order.PER_KEY,
                ErrorClassifier.DEFAULT,
                DEAD_LETTERS);
    }

    public RetryStrategy backoff(Backoff other) {
        return new RetryStrategy(maxAttempts, other, order, classifier, deadLetter);
    }

    /** Later events of the key do not wait. */
    public RetryStrategy unordered() {
        return new RetryStrategy(maxAttempts, backoff, Order.NONE, classifier, deadLetter);
    }

    public RetryStrategy classifiedBy(ErrorClassifier other) {
        return new RetryStrategy(maxAttempts, backoff, order, other, deadLetter);
    }

    public RetryStrategy deadLetterTo(String exchange, String routingKey) {
        DeadLetterRoute route = new DeadLetterRoute(exchange, routingKey);
        return new RetryStrategy(maxAttempts, backoff, order, classifier, route);
    }

    /** What cannot be handled is dropped; that is logged once a minute. */
    public RetryStrategy withoutDeadLetters() {
        return new RetryStrategy(maxAttempts, backoff, order, classifier, null);
    }

    /** The longest that an event may wait for its attempts, all pauses together. */
    public Duration longestWait() {
        return backoff.longest(maxAttempts - 1);
    }

    /** Where dead letters go, if anywhere. */
    public Optional<DeadLetterRoute> route() {
        return Optional.ofNullable(deadLetter);
    }
}
