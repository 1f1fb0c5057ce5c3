package dev.jubilee.events.core;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A delivery that waits to be tried again, and those of its key that wait behind it. Belongs to one
 * thread.
 */
final class Parked implements Comparable<Parked> {
    final Delivery delivery;
    final Deque<Delivery> successors = new ArrayDeque<>(0);
    Throwable failure;
    int attempts = 1;
    boolean givenUp;
    long dueAt;

    Parked(Delivery delivery, Throwable failure) {
        this.delivery = delivery;
        this.failure = failure;
    }

    @Override
    public int compareTo(Parked other) {
        return Long.compare(dueAt - other.dueAt, 0); // nanoTime may wrap around
    }
}
