package dev.jubilee.server.bus.delivery.dispatch;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The circuit breaker of one endpoint. It opens after ten failures in a row. After a pause it lets
 * requests through one at a time, closes at the first success, and opens again for twice the pause
 * when three have failed. Failures of one key count once: that key's event may be at fault, and
 * must not stop the others. Failures that no key can have caused count each time. For one thread.
 */
final class CircuitBreaker {
    private static final int TOLERATED = 10;

    /** Failures of single requests after which it opens again. */
    private static final int PROBES = 3;

    private static final Duration FIRST = Duration.ofSeconds(5);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** The state, as subscriptions show it. */
    enum State {
        CLOSED("closed"),
        OPEN("open"),
        HALF_OPEN("half_open");

        private final String text;

        State(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    private State state = State.CLOSED;
    private final Set<Object> failing = new HashSet<>();
    private int failures;
    private Duration pause = FIRST;
    private @Nullable Instant until;

    State state() {
        return state;
    }

    /** When an open one lets a try through. */
    @Nullable Instant until() {
        return until;
    }

    /** Whether a request may be sent, when so many are under way. */
    boolean allows(Instant now, int inFlight) {
        if (state == State.OPEN && until != null && !now.isBefore(until)) {
            state = State.HALF_OPEN;
        }
        return switch (state) {
            case CLOSED -> true;
            case OPEN -> false;
            case HALF_OPEN -> inFlight == 0;
        };
    }

    /** Whether single requests find out if the endpoint has recovered. */
    boolean isProbing() {
        return state == State.HALF_OPEN;
    }

    void succeeded() {
        state = State.CLOSED;
        forget();
        pause = FIRST;
        until = null;
    }

    /**
     * @param whose what tells the failure from others, such as a key; null when the endpoint itself
     *     is the reason, and it counts whatever failed before
     */
    void failed(Instant now, @Nullable Object whose) {
        if (state != State.OPEN && (whose == null || failing.add(whose))) {
            failures++;
        }
        if (state == State.HALF_OPEN && failures >= PROBES) {
            pause = pause.multipliedBy(2).compareTo(LONGEST) < 0 ? pause.multipliedBy(2) : LONGEST;
            open(now);
        } else if (state == State.CLOSED && failures >= TOLERATED) {
            open(now);
        }
    }

    private void open(Instant now) {
        state = State.OPEN;
        until = now.plus(pause);
        forget();
    }

    private void forget() {
        failing.clear();
        failures = 0;
    }
}
