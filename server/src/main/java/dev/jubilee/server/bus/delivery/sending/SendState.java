package dev.jubilee.server.bus.delivery.sending;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Whether something began to be sent, or was given up before: never both, so that what is given up
 * is known not to have been sent. Thread-safe.
 */
final class SendState {
    private enum State {
        WAITING,
        BEGUN,
        GIVEN_UP
    }

    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

    /** To be asked right before it is sent; false when it was given up and must not be. */
    boolean begin() {
        return state.compareAndSet(State.WAITING, State.BEGUN);
    }

    /** Whether nothing of it was sent, and nothing will be. */
    boolean giveUp() {
        return state.compareAndSet(State.WAITING, State.GIVEN_UP) || state.get() == State.GIVEN_UP;
    }
}
