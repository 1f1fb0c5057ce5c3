package dev.jubilee.events.tck;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waits for what other threads and processes bring about, as short as possible and as long as
 * needed.
 */
public final class Await {
    /**
     * Ample for anything that happens at all, so that a slow machine does not fail a right program.
     */
    public static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private Await() {}

    /** Something that may throw while it is not true yet. */
    @FunctionalInterface
    public interface Assertion {
        void check() throws Exception;
    }

    /**
     * Waits until the condition holds; what it throws counts as not yet, and is the cause of the
     * failure in the end.
     */
    public static void until(String what, Callable<Boolean> condition) {
        until(what, PATIENCE, condition);
    }

    public static void until(String what, Duration patience, Callable<Boolean> condition) {
        long deadline = System.nanoTime() + patience.toNanos();
        @Nullable Throwable last = null;
        while (true) {
            try {
                if (condition.call()) {
                    return;
                }
                last = null;
            } catch (Exception | AssertionError e) {
                last = e;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + ": not within " + patience, last);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** Waits until the assertion passes, and fails with what it last said. */
    public static void untilAsserted(String what, Assertion assertion) {
        until(
                what,
                PATIENCE,
                () -> {
                    assertion.check();
                    return true;
                });
    }
}
