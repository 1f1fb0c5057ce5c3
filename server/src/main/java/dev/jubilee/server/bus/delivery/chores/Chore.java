package dev.jubilee.server.bus.delivery.chores;

import dev.jubilee.server.database.DatabaseException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work that is done again and again, however it ended the last time: a schedule ends without a word
 * when what it runs throws anything.
 */
public final class Chore implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(Chore.class);

    private final String name;
    private final Runnable work;

    private Chore(String name, Runnable work) {
        this.name = name;
        this.work = work;
    }

    /**
     * Work of that name, as operators read it: "the look after shards".
     *
     * @param work may throw whatever it likes
     */
    public static Chore named(String name, Runnable work) {
        return new Chore(name, work);
    }

    /** Has it done on that schedule until that is shut down. */
    public void repeat(ScheduledExecutorService schedule, Duration first, Duration pause) {
        var _ =
                schedule.scheduleWithFixedDelay(
                        this, first.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void run() {
        try {
            work.run();
        } catch (DatabaseException e) {
            log.warn("{} has to wait for PostgreSQL: {}", name, e.getMessage());
        } catch (Throwable e) {
            // An Error as well: nobody else would ever hear of it.
            log.error("{} failed, and is tried again", name, e);
        }
    }
}
