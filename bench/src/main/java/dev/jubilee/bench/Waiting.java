package dev.jubilee.bench;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what others do. */
final class Waiting {
    private static final long GLANCE = TimeUnit.MILLISECONDS.toNanos(20);

    private Waiting() {}

    /**
     * Looks until it is so, or for so long.
     *
     * @return how long that took
     */
    static Duration until(Duration patience, BooleanSupplier isSo) {
        long start = System.nanoTime();
        while (!isSo.getAsBoolean() && System.nanoTime() - start < patience.toNanos()) {
            LockSupport.parkNanos(GLANCE);
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
