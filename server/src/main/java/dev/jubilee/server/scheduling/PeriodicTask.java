package dev.jubilee.server.scheduling;

import dev.jubilee.server.database.DatabaseException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work that is repeated on a schedule, whatever the last run threw: a bare schedule ends without a
 * word at the first exception. A failure is logged, with its stack trace if the run before it went
 * well. For one thread at a time.
 */
public final class PeriodicTask implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(PeriodicTask.class);
    private static final int CLOSING_SECONDS = 10;

    private final String name;
    private final Work work;
    private volatile boolean failing;

    /** What is repeated. */
    @FunctionalInterface
    public interface Work {
        void run() throws Exception;
    }

    private PeriodicTask(String name, Work work) {
        this.name = name;
        this.work = work;
    }

    /**
     * Work of that name, as operators read it in the log: "shard rebalancing".
     *
     * @param work may throw whatever it likes
     */
    public static PeriodicTask named(String name, Work work) {
        return new PeriodicTask(name, work);
    }

    /** Repeats it on that schedule, which the caller ends, with a pause after each run. */
    public void repeat(ScheduledExecutorService schedule, Duration first, Duration pause) {
        var _ =
                schedule.scheduleWithFixedDelay(
                        this, first.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Ends a schedule: begins nothing more, interrupts what is under way and waits for it, ten
     * seconds at most, so that nothing of it happens afterwards.
     *
     * @param name of the work, as operators read it in the log
     */
    public static void end(ScheduledExecutorService schedule, String name) {
        schedule.shutdownNow();
        try {
            if (!schedule.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS)) {
                log.warn("{} does not end; nobody waits for it any more", name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        try {
            work.run();
            failing = false;
        } catch (InterruptedException e) {
            // The schedule is shut down.
            Thread.currentThread().interrupt();
        } catch (Throwable e) { // an Error as well: nobody else would ever hear of it
            tell(e);
        }
    }

    private void tell(Throwable e) {
        if (e instanceof DatabaseException it && it.isTransient()) {
            log.warn("{} has to wait for PostgreSQL: {}", name, e.getMessage());
            return;
        }
        if (failing) {
            log.error("{} failed again, and is tried again: {}", name, e.toString());
        } else {
            log.error("{} failed, and is tried again", name, e);
        }
        failing = true;
    }
}
