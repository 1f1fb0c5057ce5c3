package dev.jubilee.server.bus.delivery;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Leaves an endpoint alone that answers nothing good: after ten failures in a row it opens, lets
 * one try through after a pause, and closes when that succeeds; else the pause doubles. For one
 * thread.
 */
final class Breaker {
    private static final int TOLERATED = 10;
    private static final Duration FIRST = Duration.ofSeconds(5);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** As subscriptions show it. */
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

    void succeeded() {
        state = State.CLOSED;
        failures = 0;
        pause = FIRST;
        until = null;
    }

    void failed(Instant now) {
        failures++;
        if (state == State.HALF_OPEN) {
            pause = pause.multipliedBy(2).compareTo(LONGEST) < 0 ? pause.multipliedBy(2) : LONGEST;
            open(now);
        } else if (state == State.CLOSED && failures >= TOLERATED) {
            open(now);
        }
    }

    private void open(Instant now) {
        state = State.OPEN;
        until = now.plus(pause);
    }
}
