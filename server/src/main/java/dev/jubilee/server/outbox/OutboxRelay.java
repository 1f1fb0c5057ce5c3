package dev.jubilee.server.outbox;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events from the outbox to the bus: at least once and always with the same id, in the
 * order in which they were written for each key. Of all instances one relays at a time; when it
 * dies, another goes on where it stood. An unreachable PostgreSQL or bus delays and loses nothing.
 * Thread-safe.
 */
public final class OutboxRelay implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OutboxRelay.class);
    private static final Duration PUBLISH_TIMEOUT = Duration.ofSeconds(150);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    /** After so long without a new row, writers count as paused. */
    private static final double QUIET_SECONDS = 0.25;

    /**
     * What is older than this goes out faster than the rate of the settings, in proportion: telling
     * of a rush may be late, but not later and later.
     */
    private static final double LATE_SECONDS = 5;

    /**
     * How much is taken at once while others write, if it is not a single row: a second's worth in
     * one go would be felt.
     */
    private static final Duration MOUTHFUL = Duration.ofMillis(100);

    private final DataSource dataSource;
    private final BusPublisher bus;
    private final OutboxSettings settings;
    private final Counter published;
    private final RefusedEvents refusals;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile double lagSeconds;
    private volatile boolean leading;

    /** Whether the log says that the outbox waits. The thread's own. */
    private boolean told;

    /**
     * @param dataSource one connection of it is kept
     * @param meters gets {@code jubilee_outbox_lag_seconds} (age of the oldest row that waits, by
     *     the relaying instance), {@code jubilee_outbox_leading}, {@code
     *     jubilee_outbox_events_total} and {@code jubilee_outbox_refused_total}
     */
    public OutboxRelay(
            DataSource dataSource,
            BusPublisher bus,
            OutboxSettings settings,
            MeterRegistry meters) {
        this.dataSource = dataSource;
        this.bus = bus;
        this.settings = settings;
        this.published =
                Counter.builder("jubilee.outbox.events")
                        .description("Events published from the outbox")
                        .register(meters);
        this.refusals = new RefusedEvents(bus, PUBLISH_TIMEOUT, published, meters);
        TimeGauge.builder("jubilee.outbox.lag", () -> lagSeconds, TimeUnit.SECONDS)
                .description("Age of the oldest batch that waits to be published")
                .register(meters);
        Gauge.builder("jubilee.outbox.leading", () -> leading ? 1 : 0)
                .description("1 where this instance is the one that relays")
                .register(meters);
        this.thread = Thread.ofPlatform().name("outbox-relay").daemon().unstarted(this::run);
    }

    /** Starts to relay in the background. */
    public void start() {
        thread.start();
    }

    /** The age of the oldest batch at the last look; zero where another instance relays. */
    public Duration lag() {
        return Duration.ofNanos((long) (lagSeconds * 1e9));
    }

    /** Finishes what is under way and stops. What remains is relayed by the next to start. */
    @Override
    public void close() {
        closing.countDown();
        if (!thread.isAlive()) {
            return;
        }
        try {
            if (!thread.join(CLOSE_TIMEOUT)) {
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!closed()) {
            try (Connection connection = dataSource.getConnection()) {
                if (OutboxRows.lead(connection)) {
                    relayAndStepDown(connection);
                }
                told = false;
                rest(settings.standby());
            } catch (SQLException | RuntimeException e) {
                if (!told && !closed()) {
                    log.warn("the outbox waits: {}", e.toString());
                }
                told = true;
                rest(settings.retry());
            }
        }
    }

    private void relayAndStepDown(Connection connection) throws SQLException {
        leading = true;
        try {
            relay(connection, new OutboxRows(connection));
        } finally {
            leading = false;
            lagSeconds = 0;
            OutboxRows.stepDown(connection);
        }
    }

    private void relay(Connection connection, OutboxRows outbox) throws SQLException {
        boolean failing = false;
        int rows = settings.rows();
        while (!closed()) {
            long start = System.nanoTime();
            OutboxRows.Waiting waiting = outbox.oldest(rows);
            told = false;
            lagSeconds = waiting.ageSeconds();
            if (waiting.rows().isEmpty()) {
                rest(settings.poll());
                continue;
            }
            Progress progress = publish(waiting.rows(), failing);
            outbox.delete(waiting.rows().subList(0, progress.done()));
            OutboxRow refused = progress.refused();
            failing = progress.failed() || (refused != null && !sift(connection, refused));
            rows = settings.rows();
            if (failing) {
                rest(settings.retry());
            } else if (waiting.quietSeconds() < QUIET_SECONDS) {
                Duration pace = pace(waiting);
                rows = fitting(waiting.rows().size(), pace);
                rest(pace.minusNanos(System.nanoTime() - start));
            }
        }
    }

    /**
     * How far one attempt came.
     *
     * @param done rows from the first on that are acknowledged without a gap
     * @param failed whether the rest is to be tried again after a while
     * @param refused the next row, when it has an event that the bus will never take
     */
    private record Progress(int done, boolean failed, @Nullable OutboxRow refused) {}

    /**
     * How long publishing these takes at the rate of the settings, or a higher one if it is late.
     */
    private Duration pace(OutboxRows.Waiting waiting) {
        long events = waiting.rows().stream().mapToLong(row -> row.events().size()).sum();
        double rate = settings.rate() * Math.max(1, waiting.ageSeconds() / LATE_SECONDS);
        return Duration.ofNanos((long) (events * 1e9 / rate));
    }

    /**
     * How many rows like these to relay at a time, given how long they take at the present rate.
     */
    private int fitting(int rows, Duration pace) {
        return Math.clamp(
                rows * MOUTHFUL.toNanos() / Math.max(1, pace.toNanos()), 1, settings.rows());
    }

    /**
     * Publishes all of them and says how many from the first on are acknowledged without a gap. The
     * others come again, in order, even if the bus has some of them: a later event must not
     * overtake the retry of an earlier one for good.
     */
    private Progress publish(List<OutboxRow> rows, boolean failedBefore) {
        List<CompletableFuture<?>> acknowledgements = new ArrayList<>(rows.size());
        for (OutboxRow row : rows) {
            CompletableFuture<?> acknowledgement = bus.publish(row.topic(), row.events());
            acknowledgements.add(acknowledgement);
            if (acknowledgement.isCompletedExceptionally()) {
                // What comes after it may find room, and would overtake it.
                break;
            }
        }
        for (int i = 0; i < acknowledgements.size(); i++) {
            try {
                acknowledgements.get(i).get(PUBLISH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
                published.increment(rows.get(i).events().size());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return new Progress(i, true, null);
            } catch (ExecutionException | TimeoutException e) {
                if (e instanceof ExecutionException failure && RefusedEvents.isOne(failure)) {
                    return new Progress(i, false, rows.get(i));
                }
                if (!failedBefore) {
                    log.warn(
                            "the bus did not take an outbox batch for {}, trying again: {}",
                            rows.get(i).topic(),
                            String.valueOf(e.getCause() == null ? e : e.getCause()));
                }
                return new Progress(i, true, null);
            }
        }
        return new Progress(acknowledgements.size(), false, null);
    }

    /** Sets aside what the bus will never take; the rows behind it come again, in order. */
    private boolean sift(Connection connection, OutboxRow row) throws SQLException {
        try {
            return refusals.sift(connection, row);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean closed() {
        return closing.getCount() == 0 || thread.isInterrupted();
    }

    private void rest(Duration time) {
        try {
            if (closing.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
