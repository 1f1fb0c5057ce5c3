package dev.jubilee.server.http;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Deadlines that all lie equally far ahead, so that the first to start is the first to pass.
 * Starting and cancelling cost a few nanoseconds, where a timer for every request would cost a
 * microsecond; the price is that a deadline passes up to one sweep late. Not thread-safe: belongs
 * to one event loop.
 */
final class RequestDeadlines {
    private final long wait;
    private long now;
    private @Nullable Deadline first;
    private @Nullable Deadline last;

    /**
     * @param now the reading of the clock that {@link #sweep} is given later
     */
    RequestDeadlines(Duration wait, long now) {
        this.wait = wait.toNanos();
        this.now = now;
    }

    /** Starts the wait anew, counted from the latest sweep. */
    void start(Deadline deadline) {
        deadline.cancel();
        deadline.due = now + wait;
        deadline.waitsIn = this;
        deadline.before = last;
        if (last == null) {
            first = deadline;
        } else {
            last.after = deadline;
        }
        last = deadline;
    }

    void remove(Deadline deadline) {
        Deadline before = deadline.before;
        Deadline after = deadline.after;
        if (before == null) {
            first = after;
        } else {
            before.after = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.before = before;
        }
        deadline.waitsIn = null;
        deadline.before = null;
        deadline.after = null;
    }

    /** Calls every deadline that is due. */
    void sweep(long time) {
        now = time;
        for (Deadline head = first; head != null && head.due - time <= 0; head = first) {
            remove(head);
            head.passed();
        }
    }
}
