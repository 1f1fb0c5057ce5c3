package dev.jubilee.server.bus.stats;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The last minute of every instance, in {@code bus.instance_statistics}: each writes one row every
 * five seconds, and a row that is older than twenty counts no more. Thread-safe.
 */
final class RecentActivity implements AutoCloseable {
    /**
     * All instances together.
     *
     * @param perSecond events published a second
     * @param errorRate of all tries to publish and to store, those that failed
     * @param processingSeconds of an event, from its acceptance until it was stored, on average
     */
    record Rates(double perSecond, double errorRate, double processingSeconds) {}

    private record Sample(long nanos, Activity.Counts counts) {}

    private static final long WINDOW = TimeUnit.SECONDS.toNanos(60);
    private static final Duration PERIOD = Duration.ofSeconds(5);
    private static final Duration STALE = Duration.ofSeconds(20);

    private final UUID instance = UUID.randomUUID();
    private final Database database;
    private final Activity activity;
    private final InstantSource clock;
    private final Deque<Sample> samples = new ArrayDeque<>();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("bus-statistics").daemon().factory());

    RecentActivity(Database database, Activity activity, InstantSource clock) {
        this.database = database;
        this.activity = activity;
        this.clock = clock;
        samples.add(new Sample(System.nanoTime(), activity.counts()));
    }

    void start() {
        start(PERIOD);
    }

    void start(Duration period) {
        PeriodicTask.named("bus statistics", this::write).repeat(timer, period, period);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    /** Writes this instance's last minute; rows of those that are gone are deleted. */
    void write() {
        long now = System.nanoTime();
        Activity.Counts last;
        double seconds;
        synchronized (samples) {
            Activity.Counts counts = activity.counts();
            samples.add(new Sample(now, counts));
            // The oldest sample that is a whole window old stays as the one to subtract.
            while (samples.size() > 2 && now - second().nanos() >= WINDOW) {
                samples.removeFirst();
            }
            last = counts.since(samples.getFirst().counts());
            seconds = (now - samples.getFirst().nanos()) / 1e9;
        }
        write(last, Math.max(seconds, 1e-3));
    }

    private Sample second() {
        var all = samples.iterator();
        all.next();
        return all.next();
    }

    private void write(Activity.Counts last, double seconds) {
        Instant now = clock.instant();
        database.transaction(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            WITH gone AS (DELETE FROM bus.instance_statistics WHERE instance_id IN (
                                SELECT instance_id FROM bus.instance_statistics WHERE at < ? AND instance_id <> ?
                                FOR UPDATE SKIP LOCKED))
                            INSERT INTO bus.instance_statistics (instance_id, at, seconds, published, publish_failures,
                                consumed, consume_failures, processing_seconds)
                            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                            ON CONFLICT (instance_id) DO UPDATE
                               SET at = excluded.at, seconds = excluded.seconds, published = excluded.published,
                                   publish_failures = excluded.publish_failures, consumed = excluded.consumed,
                                   consume_failures = excluded.consume_failures,
                                   processing_seconds = excluded.processing_seconds
                            """)) {
                statement.setObject(1, Timestamps.utc(now.minus(STALE)));
                statement.setObject(2, instance);
                statement.setObject(3, instance);
                statement.setObject(4, Timestamps.utc(now));
                statement.setDouble(5, seconds);
                statement.setLong(6, last.published());
                statement.setLong(7, last.publishFailures());
                statement.setLong(8, last.consumed());
                statement.setLong(9, last.consumeFailures());
                statement.setDouble(10, last.processingNanos() / 1e9);
                return statement.executeUpdate();
            }
        });
    }

    /** The recent rates of all instances. */
    Rates rates() {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT coalesce(sum(published / seconds), 0),
                                   coalesce(sum(publish_failures + consume_failures)::float8
                                       / nullif(sum(published + publish_failures + consumed + consume_failures), 0), 0),
                                   coalesce(sum(processing_seconds) / nullif(sum(consumed), 0), 0)
                              FROM bus.instance_statistics WHERE at >= ?
                            """)) {
                statement.setObject(1, Timestamps.utc(clock.instant().minus(STALE)));
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return new Rates(row.getDouble(1), row.getDouble(2), row.getDouble(3));
                }
            }
        });
    }
}
