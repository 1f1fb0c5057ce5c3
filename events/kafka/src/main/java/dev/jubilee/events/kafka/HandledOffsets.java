package dev.jubilee.events.kafka;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * How far one partition is handled without a gap, while its records are handled in any order.
 * Thread-safe.
 */
final class HandledOffsets {
    private final Deque<Offset> underWay = new ArrayDeque<>();
    private long next = -1;
    private long committed = -1;
    private volatile boolean revoked;

    /** One record; done once it needs no redelivery. */
    final class Offset {
        private final long offset;
        private boolean done;

        private Offset(long offset) {
            this.offset = offset;
        }

        void done() {
            synchronized (HandledOffsets.this) {
                done = true;
                while (!underWay.isEmpty() && underWay.peek().done) {
                    next = underWay.remove().offset + 1;
                }
            }
        }

        boolean isRevoked() {
            return revoked;
        }
    }

    /** The next record, in order. */
    synchronized Offset begin(long offset) {
        Offset begun = new Offset(offset);
        underWay.add(begun);
        return begun;
    }

    /** The offset to commit; null if it has not moved since the last time. */
    synchronized @Nullable Long toCommit() {
        if (next <= committed) {
            return null;
        }
        committed = next;
        return next;
    }

    /** A commit failed: it is to be made again. */
    synchronized void notCommitted() {
        committed = -1;
    }

    /** How many records lie between the oldest that is not done and the newest. */
    synchronized int span() {
        return underWay.size();
    }

    /** Another member has the partition now. */
    void revoke() {
        revoked = true;
    }
}
