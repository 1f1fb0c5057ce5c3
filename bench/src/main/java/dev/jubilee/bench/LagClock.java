package dev.jubilee.bench;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Turns counts into time: how long ago was there as much as has been dealt with now? Fed with what
 * has been written and what has been dealt with, at moments in order. Not thread-safe.
 */
final class LagClock {
    private record Moment(long nanos, long written) {}

    private final Deque<Moment> history = new ArrayDeque<>();

    /**
     * The lag at a moment, in nanoseconds; 0 when everything is dealt with. Never less than the
     * truth, and more by at most the time between two calls.
     */
    long at(long nanos, long written, long dealtWith) {
        history.addLast(new Moment(nanos, written));
        if (dealtWith >= written) {
            history.clear();
            history.addLast(new Moment(nanos, written));
            return 0;
        }
        // The oldest that waits was written after the last moment at which no more was there than
        // is dealt with now.
        while (history.size() > 1 && second().written() <= dealtWith) {
            history.removeFirst();
        }
        return nanos - history.getFirst().nanos();
    }

    private Moment second() {
        var all = history.iterator();
        all.next();
        return all.next();
    }
}
