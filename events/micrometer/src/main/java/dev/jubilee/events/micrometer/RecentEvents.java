package dev.jubilee.events.micrometer;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What became of the events of one type within a window that moves in slices. Thread-safe. */
final class RecentEvents {
    private static final int SLICES = 12;

    private final long sliceMillis;
    private final @Nullable Slice[] slices = new @Nullable Slice[SLICES];

    private static final class Slice {
        final long number;
        final LatencyHistogram handled = new LatencyHistogram();
        long failed;

        Slice(long number) {
            this.number = number;
        }
    }

    /** What was counted of a type, or of several. */
    static final class Sum {
        final LatencyHistogram handled = new LatencyHistogram();
        long failed;

        long total() {
            return handled.total() + failed;
        }

        void add(Sum other) {
            handled.addAll(other.handled);
            failed += other.failed;
        }
    }

    RecentEvents(Duration window) {
        this.sliceMillis = Math.max(1, window.toMillis() / SLICES);
    }

    synchronized void handled(long nowMillis, Duration latency) {
        slice(nowMillis).handled.add(latency);
    }

    synchronized void failed(long nowMillis) {
        slice(nowMillis).failed++;
    }

    /** Within so long before now, as exactly as the slices allow. */
    synchronized Sum sum(long nowMillis, Duration window) {
        long last = nowMillis / sliceMillis;
        long first = Math.max(last - SLICES + 1, (nowMillis - window.toMillis()) / sliceMillis);
        Sum sum = new Sum();
        for (Slice slice : slices) {
            if (slice != null && slice.number >= first && slice.number <= last) {
                sum.handled.addAll(slice.handled);
                sum.failed += slice.failed;
            }
        }
        return sum;
    }

    private Slice slice(long nowMillis) {
        long number = nowMillis / sliceMillis;
        int index = (int) (number % SLICES);
        Slice slice = slices[index];
        if (slice == null || slice.number != number) {
            slice = new Slice(number);
            slices[index] = slice;
        }
        return slice;
    }
}
