package dev.jubilee.events.core;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.RetryStrategy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What every bus is told, whatever its transport.
 *
 * @param clock dates dead letters
 * @param retry for handlers that say nothing else
 * @param tracker told of what comes of each event
 */
public record BusSettings(
        InstantSource clock, RetryStrategy retry, @Nullable EventTracker tracker) {
    /**
     * The documented defaults: three attempts with a second between them, then the dead letters.
     */
    public static BusSettings defaults() {
        return new BusSettings(InstantSource.system(), RetryStrategy.DEFAULT, null);
    }

    /**
     * As the environment says: {@code EVENT_RETRY_MAX_ATTEMPTS} (3), {@code EVENT_RETRY_DELAY}
     * (1000, in milliseconds), {@code EVENT_DEAD_LETTER_ENABLED} (true).
     *
     * @throws IllegalArgumentException listing every value that is not allowed
     */
    public static BusSettings fromEnvironment(Map<String, String> environment) {
        List<String> problems = new ArrayList<>();
        int attempts = number(environment, "EVENT_RETRY_MAX_ATTEMPTS", 3, 1, problems);
        int delay = number(environment, "EVENT_RETRY_DELAY", 1000, 0, problems);
        String letters = environment.getOrDefault("EVENT_DEAD_LETTER_ENABLED", "true");
        if (!letters.equals("true") && !letters.equals("false")) {
            problems.add("EVENT_DEAD_LETTER_ENABLED must be true or false, was '" + letters + "'");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        RetryStrategy retry =
                RetryStrategy.attempts(attempts).backoff(Backoff.fixed(Duration.ofMillis(delay)));
        return defaults().withRetry(letters.equals("true") ? retry : retry.withoutDeadLetters());
    }

    public BusSettings withRetry(RetryStrategy other) {
        return new BusSettings(clock, other, tracker);
    }

    public BusSettings withClock(InstantSource other) {
        return new BusSettings(other, retry, tracker);
    }

    public BusSettings withTracker(EventTracker other) {
        return new BusSettings(clock, retry, other);
    }

    private static int number(
            Map<String, String> environment,
            String name,
            int missing,
            int least,
            List<String> problems) {
        String value = environment.get(name);
        if (value == null) {
            return missing;
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, together with what is too small.
        }
        problems.add(name + " must be a whole number from " + least + ", was '" + value + "'");
        return missing;
    }
}
