package dev.jubilee.events.kafka;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * How far one partition is handled without a gap, while its records are handled in any order. Takes
 * one bit for each record since the oldest that is not done. Thread-safe.
 */
final class HandledOffsets {
    private static final int WORTH_MOVING = 1 << 10;

    /** Those that are not done, by their distance from the base. */
    private BitSet open = new BitSet();

    private long base = -1;
    private long next = -1;
    private long committed = -1;
    private volatile boolean revoked;

    /** One record; done once it needs no redelivery. */
    final class Offset {
        private final long offset;

        private Offset(long offset) {
            this.offset = offset;
        }

        void done() {
            HandledOffsets.this.done(offset);
        }

        boolean isRevoked() {
            return revoked;
        }
    }

    /** The next record, in order. */
    synchronized Offset begin(long offset) {
        if (base < 0) {
            base = offset;
            committed = offset;
        }
        open.set(distance(offset));
        next = offset + 1;
        return new Offset(offset);
    }

    /** A record that was begun, and is not done yet. */
    Offset again(long offset) {
        return new Offset(offset);
    }

    private synchronized void done(long offset) {
        open.clear(distance(offset));
    }

    /** The offset to commit; null if it has not moved since the last time. */
    synchronized @Nullable Long toCommit() {
        long handled = handled();
        move(handled);
        if (handled <= committed) {
            return null;
        }
        committed = handled;
        return handled;
    }

    /** A commit failed: it is to be made again. */
    synchronized void notCommitted() {
        committed = -1;
    }

    /** How many offsets lie between the oldest record that is not done and the newest. */
    synchronized long span() {
        return next - handled();
    }

    /** Another member has the partition now. */
    void revoke() {
        revoked = true;
    }

    private long handled() {
        int first = open.nextSetBit(0);
        return first < 0 ? next : base + first;
    }

    private void move(long to) {
        if (to - base >= WORTH_MOVING) {
            int by = distance(to);
            open = open.get(by, Math.max(by, open.length()));
            base = to;
        }
    }

    private int distance(long offset) {
        return Math.toIntExact(offset - base);
    }
}
