package dev.jubilee.server.bus.settling;

import dev.jubilee.server.bus.publish.Publisher;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when everything that any instance accepted before a moment has found its way into Kafka, or
 * will never. Each instance writes a row a second: through which moment it has settled, and a
 * lease. One that stalls is waited for as long as it renews its lease, which it does although Kafka
 * does not answer it; one that died is waited for until its lease runs out. The lease is longer
 * than anything can wait for Kafka, so what such an instance had accepted has an outcome by then.
 * Thread-safe.
 *
 * <p>Publishing never waits for PostgreSQL. So an instance that PostgreSQL cannot hear for longer
 * than a lease, while others can reach it, is not waited for, although it goes on publishing.
 */
public final class Settling implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Settling.class);
    private static final Duration BEAT = Duration.ofSeconds(1);

    /** What an event waits for at most: its turn, room in the producer, the acknowledgement. */
    private static final int WAITS = 3;

    private final Database database;
    private final Publisher publisher;
    private final InstantSource clock;
    private final Duration lease;
    private final UUID instance = UUID.randomUUID();
    private final Semaphore wanted = new Semaphore(0);
    private final Semaphore closing = new Semaphore(0);
    private final Thread settler = Thread.ofVirtual().name("settler").unstarted(this::settle);
    private final Thread tenant = Thread.ofVirtual().name("lease").unstarted(this::renew);
    private volatile Instant settled;
    private volatile long beatAt;
    private volatile boolean started;
    private volatile boolean closed;
    private volatile boolean silent;

    /**
     * @param timeout how long each step of publishing takes at most
     * @param meters gets {@code jubilee_bus_settled_lag_seconds}
     */
    public Settling(
            Database database,
            Publisher publisher,
            InstantSource clock,
            Duration timeout,
            MeterRegistry meters) {
        this.database = database;
        this.publisher = publisher;
        this.clock = clock;
        this.lease = timeout.multipliedBy(WAITS).plus(BEAT.multipliedBy(2));
        this.settled = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        TimeGauge.builder("jubilee.bus.settled.lag", this::lagSeconds, TimeUnit.SECONDS)
                .description("Age of the moment through which what was accepted has an outcome")
                .register(meters);
    }

    /** The database is this program's alone: whoever is noted in it has ended. Before the start. */
    public void forgetOthers() {
        database.transaction(connection -> {
            InstanceRows.removeAll(connection);
            return true;
        });
    }

    /**
     * Makes this instance known and begins to settle. Only after it may anything be accepted.
     *
     * @throws DatabaseException when PostgreSQL does not answer
     */
    public void start() {
        database.transaction(connection -> {
            InstanceRows.removeDead(connection);
            return true;
        });
        beat();
        started = true;
        settler.start();
        tenant.start();
    }

    /**
     * Whether everything that was accepted before the moment, by any instance, has an outcome. Asks
     * PostgreSQL.
     */
    public boolean isThrough(Instant moment) {
        if (!isThroughHere(moment)) {
            return false;
        }
        return database.read(connection -> InstanceRows.allSettled(connection, instance, moment));
    }

    /** Whether this is so for what this instance accepted; if not, it makes haste. */
    public boolean isThroughHere(Instant moment) {
        boolean through = !settled.isBefore(moment);
        if (!through) {
            wanted.release();
        }
        return through;
    }

    /** Forgets this instance. Only after all that it accepted has an outcome. */
    @Override
    public void close() {
        closed = true;
        closing.release();
        settler.interrupt();
        if (!started) {
            return;
        }
        try {
            settler.join();
            tenant.join();
            database.transaction(connection -> {
                InstanceRows.remove(connection, instance);
                return true;
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (DatabaseException e) {
            log.info("this instance stays noted until its lease ends: {}", e.getMessage());
        }
    }

    private void settle() {
        while (!closed) {
            try {
                wanted.drainPermits();
                Instant moment = clock.instant().truncatedTo(ChronoUnit.MILLIS);
                publisher.settleThrough(moment);
                settled = moment;
                beatQuietly();
                var _ = wanted.tryAcquire(BEAT.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException | InterruptException e) {
                return;
            }
        }
    }

    /** Keeps the lease while Kafka keeps the settler waiting. */
    private void renew() {
        while (!closed) {
            try {
                if (closing.tryAcquire(BEAT.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                return;
            }
            if (System.nanoTime() - beatAt > BEAT.toNanos()) {
                beatQuietly();
            }
        }
    }

    private void beatQuietly() {
        try {
            beat();
            silent = false;
        } catch (DatabaseException e) {
            if (!silent && !closed) {
                log.warn(
                        "others cannot be told how far this instance has settled: {}",
                        e.getMessage());
            }
            silent = true;
        }
    }

    private synchronized void beat() {
        Instant through = settled;
        database.transaction(connection -> {
            InstanceRows.beat(connection, instance, through, lease);
            return true;
        });
        beatAt = System.nanoTime();
    }

    private double lagSeconds() {
        return Math.max(0, Duration.between(settled, clock.instant()).toMillis() / 1e3);
    }
}
