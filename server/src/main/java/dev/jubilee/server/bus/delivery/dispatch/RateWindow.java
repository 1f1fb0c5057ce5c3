package dev.jubilee.server.bus.delivery.dispatch;

import java.time.Instant;
import java.util.Arrays;

/**
 * At most so many events in any minute: counted by the second, over the last sixty. For one thread.
 */
final class RateWindow {
    private static final int SECONDS = 60;

    private final int[] counts = new int[SECONDS + 1];
    private long second = Long.MIN_VALUE;
    private int sum;

    /** How many more may be sent now; 0 is no limit. */
    int room(Instant now, int limit) {
        if (limit == 0) {
            return Integer.MAX_VALUE;
        }
        advance(now.getEpochSecond());
        return Math.max(0, limit - sum);
    }

    /** Whether nothing was sent for a minute. */
    boolean isUnused(Instant now) {
        advance(now.getEpochSecond());
        return sum == 0;
    }

    void sent(Instant now, int events) {
        advance(now.getEpochSecond());
        counts[slot(second)] += events;
        sum += events;
    }

    /** When there is room again. */
    Instant next(Instant now) {
        advance(now.getEpochSecond());
        for (long s = second - SECONDS; s <= second; s++) {
            if (counts[slot(s)] > 0) {
                return Instant.ofEpochSecond(s + SECONDS + 1);
            }
        }
        return now;
    }

    private void advance(long to) {
        if (to - second > SECONDS || second == Long.MIN_VALUE) {
            Arrays.fill(counts, 0);
            sum = 0;
            second = to;
            return;
        }
        while (second < to) {
            second++;
            sum -= counts[slot(second)];
            counts[slot(second)] = 0;
        }
    }

    private int slot(long s) {
        return (int) Math.floorMod(s, (long) counts.length);
    }
}
