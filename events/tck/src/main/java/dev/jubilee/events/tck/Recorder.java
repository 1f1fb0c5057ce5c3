package dev.jubilee.events.tck;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A handler that remembers what it handled, can be held up, and can be told to fail. Thread-safe.
 */
final class Recorder implements EventHandler<BaseEvent> {
    private final List<BaseEvent> handled = new ArrayList<>();
    private final List<BaseEvent> begun = new ArrayList<>();
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile Failing failing = (event, attempt) -> {};

    /** Throws where a handler should fail; the attempt counts from 1 for each event. */
    @FunctionalInterface
    interface Failing {
        void check(BaseEvent event, int attempt) throws Exception;
    }

    Recorder failing(Failing how) {
        failing = how;
        return this;
    }

    /** From now on handling waits for {@link #release}. */
    Recorder hold() {
        gate = new CountDownLatch(1);
        return this;
    }

    void release() {
        gate.countDown();
    }

    @Override
    public void handle(BaseEvent event) throws Exception {
        int attempt;
        synchronized (this) {
            begun.add(event);
            attempt = (int) begun.stream().filter(each -> each.id().equals(event.id())).count();
        }
        if (!gate.await(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("nobody released the handler");
        }
        failing.check(event, attempt);
        synchronized (this) {
            handled.add(event);
        }
    }

    /** What was handled to the end, in that order. */
    synchronized List<BaseEvent> handled() {
        return List.copyOf(handled);
    }

    /** The ids of what was handled, in that order. */
    List<String> ids() {
        return handled().stream().map(BaseEvent::id).toList();
    }

    /** The attempts that were begun. */
    synchronized int attempts() {
        return begun.size();
    }
}
