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

    /** How often the log began anew: what was begun before says nothing of what came since. */
    private int cuts;

    private volatile boolean revoked;

    /** One record; done once it needs no redelivery. */
    final class Offset {
        private final long offset;
        private final int run;

        private Offset(long offset, int run) {
            this.offset = offset;
            this.run = run;
        }

        void done() {
            HandledOffsets.this.done(this);
        }

        boolean isRevoked() {
            return revoked;
        }
    }

    /**
     * The next record, in order. One from before all that is not done tells that the log was cut,
     * or the topic made again: it is counted from there anew.
     */
    synchronized Offset begin(long offset) {
        if (offset < base) {
            open = new BitSet();
            cuts++;
        }
        if (base < 0 || offset < base) {
            committed = offset;
        }
        if (open.isEmpty()) {
            base = offset;
        }
        open.set(distance(offset));
        next = offset + 1;
        return new Offset(offset, cuts);
    }

    /** A record that was begun, and is not done yet. */
    synchronized Offset again(long offset) {
        return new Offset(offset, cuts);
    }

    private synchronized void done(Offset one) {
        // What is before the base is done already.
        if (one.run == cuts && one.offset >= base) {
            open.clear(distance(one.offset));
        }
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
