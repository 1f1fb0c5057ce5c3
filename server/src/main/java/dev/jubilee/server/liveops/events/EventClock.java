package dev.jubilee.server.liveops.events;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts and ends occurrences when they are due. It sleeps until the next one, wakes when an
 * occurrence changes anywhere, and after downtime makes up for what was missed, in order. Any
 * number of instances may run it: each transition is made once.
 */
final class EventClock implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EventClock.class);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration SETTLING = Duration.ofMillis(50);
    private static final int BATCH = 200;

    @FunctionalInterface
    private interface Move {
        boolean in(Connection connection, UUID occurrenceId, Instant now) throws SQLException;
    }

    private final Database database;
    private final Occurrences occurrences;
    private final EndOffsets bus;
    private final InstantSource clock;
    private final Duration longestSleep;
    private final Consumer<String> changed;
    private final Semaphore news = new Semaphore(0);
    private final Thread thread = Thread.ofVirtual().name("event-clock").unstarted(this::run);
    private volatile boolean closed;
    private volatile boolean settling;

    /** The occurrences that failed the last time. */
    private volatile Set<UUID> failing = Set.of();

    /**
     * @param changed hears the id of each event that was moved, after the commit
     */
    EventClock(
            Database database,
            Occurrences occurrences,
            EndOffsets bus,
            InstantSource clock,
            Duration longestSleep,
            Consumer<String> changed) {
        this.database = database;
        this.occurrences = occurrences;
        this.bus = bus;
        this.clock = clock;
        this.longestSleep = longestSleep;
        this.changed = changed;
    }

    void start() {
        occurrences.onChange(this::wake);
        thread.start();
    }

    /** Looks at the time again. */
    void wake() {
        news.release();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    /**
     * Makes every transition that is due now; answers how many this call made. An occurrence that
     * fails is logged and holds up no other.
     *
     * @throws RuntimeException when the database or the bus does not answer; what was done stays
     *     done
     */
    int tick() {
        Set<UUID> failed = new HashSet<>();
        try {
            return tick(failed);
        } finally {
            failing = Set.copyOf(failed);
        }
    }

    private int tick(Set<UUID> failed) {
        Instant now = clock.instant();
        int moved =
                each(
                        "SELECT occurrence_id FROM liveops.occurrences"
                                + " WHERE status = 'scheduled' AND starts_at <= ?"
                                + " ORDER BY starts_at LIMIT "
                                + BATCH,
                        now,
                        EventClock::startDue,
                        failed);
        moved +=
                each(
                        "SELECT occurrence_id FROM liveops.occurrences"
                                + " WHERE status = 'active' AND ends_at <= ?"
                                + " ORDER BY ends_at LIMIT "
                                + BATCH,
                        now,
                        EventClock::closeDue,
                        failed);
        int captured = captureEnds(failed);
        return moved == 0 ? captured : moved + captured + tick(failed);
    }

    private int each(String due, Instant now, Move move, Set<UUID> failed) {
        int moved = 0;
        for (UUID id : database.read(connection -> ids(connection, due, now))) {
            moved +=
                    isolated(
                            id,
                            failed,
                            () -> database.transaction(c -> move.in(c, id, now) ? 1 : 0));
        }
        return moved;
    }

    /** Does it, and shows what came of it; answers with 0 if that fails. */
    private int isolated(UUID id, Set<UUID> failed, IntSupplier work) {
        try {
            int done = work.getAsInt();
            show(id);
            return done;
        } catch (RuntimeException e) {
            if (closed) {
                throw e;
            }
            if (failed.add(id) && !failing.contains(id)) {
                log.warn(
                        "occurrence {} cannot start or end yet, trying again: {}",
                        id,
                        e.toString());
            }
            return 0;
        }
    }

    /** Starts it if it is still due: an admin may have put it off. */
    private static boolean startDue(Connection connection, UUID id, Instant now)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.occurrences
                         WHERE occurrence_id = ? AND starts_at <= ? FOR UPDATE
                        """)) {
            select.setObject(1, id);
            select.setObject(2, Timestamps.utc(now));
            return select.executeQuery().next() && Transitions.activate(connection, id, now);
        }
    }

    /** Closes it if it is still due: an admin may have given it more time. */
    private static boolean closeDue(Connection connection, UUID id, Instant now)
            throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT ends_at FROM liveops.occurrences
                         WHERE occurrence_id = ? AND ends_at <= ? FOR UPDATE
                        """)) {
            select.setObject(1, id);
            select.setObject(2, Timestamps.utc(now));
            ResultSet row = select.executeQuery();
            return row.next()
                    && Transitions.close(connection, id, Timestamps.instant(row, "ends_at"), now);
        }
    }

    /**
     * Notes where the bus ended, after the end of the occurrence was committed: whatever was
     * accepted before the end lies before these offsets. Events may still be on their way then; it
     * comes back for them.
     */
    private int captureEnds(Set<UUID> failed) {
        SortedMap<Instant, List<UUID>> ended = database.read(EventClock::ended);
        int captured = 0;
        if (!ended.isEmpty()) {
            captured = captureThrough(ended, ended.lastKey(), failed);
            if (captured == 0) {
                captured = captureThrough(ended, ended.firstKey(), failed);
            }
        }
        settling = captured < ended.values().stream().mapToInt(List::size).sum();
        return captured;
    }

    /** Notes it for those that ended by the moment, if everything from before it is there. */
    private int captureThrough(
            SortedMap<Instant, List<UUID>> ended, Instant moment, Set<UUID> failed) {
        var ends = bus.capture(moment);
        if (ends.isEmpty()) {
            return 0;
        }
        String offsets = Json.text(ends.get());
        int captured = 0;
        for (List<UUID> together : ended.headMap(moment.plusNanos(1)).values()) {
            for (UUID id : together) {
                captured += isolated(id, failed, () -> noteEnds(id, offsets));
            }
        }
        return captured;
    }

    /** One is done, also if another instance was first. */
    private int noteEnds(UUID id, String offsets) {
        database.transaction(connection -> writeEnds(connection, id, offsets));
        return 1;
    }

    private static SortedMap<Instant, List<UUID>> ended(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        """
                        SELECT occurrence_id, ends_at FROM liveops.occurrences
                         WHERE status = 'closing' AND end_offsets IS NULL ORDER BY ends_at LIMIT ?
                        """)) {
            select.setInt(1, BATCH);
            ResultSet row = select.executeQuery();
            SortedMap<Instant, List<UUID>> ended = new TreeMap<>();
            while (row.next()) {
                Instant end = Timestamps.instant(row, "ends_at");
                ended.computeIfAbsent(end, none -> new ArrayList<>())
                        .add(row.getObject(1, UUID.class));
            }
            return ended;
        }
    }

    private static int writeEnds(Connection connection, UUID id, String offsets)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        """
                        UPDATE liveops.occurrences SET end_offsets = ?::jsonb
                         WHERE occurrence_id = ? AND status = 'closing' AND end_offsets IS NULL
                        """)) {
            update.setString(1, offsets);
            update.setObject(2, id);
            int updated = update.executeUpdate();
            dev.jubilee.server.database.ChangeFeed.announce(
                    connection, Occurrences.SUBJECT, id.toString());
            return updated;
        }
    }

    private void show(UUID id) {
        occurrences.refresh(id);
        Occurrence occurrence = occurrences.byId(id);
        if (occurrence != null) {
            changed.accept(occurrence.eventId());
        }
    }

    private void run() {
        boolean told = false;
        while (!closed) {
            try {
                news.drainPermits();
                int moved = tick();
                told = false;
                sleep(untilNext(moved));
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                if (closed) {
                    return;
                }
                if (!told) {
                    log.warn("could not start or end what is due, trying again: {}", e.toString());
                }
                told = true;
                try {
                    sleep(RETRY);
                } catch (InterruptedException stop) {
                    return;
                }
            }
        }
    }

    private void sleep(Duration duration) throws InterruptedException {
        var _ = news.tryAcquire(Math.max(1, duration.toMillis()), TimeUnit.MILLISECONDS);
    }

    /**
     * How long nothing is due, as far as memory knows. What is overdue and was not moved is behind
     * the database, or waits for somebody: to look again at once would change nothing.
     *
     * @param moved how many transitions the last look made
     */
    Duration untilNext(int moved) {
        Instant now = clock.instant();
        Duration until = !failing.isEmpty() ? RETRY : settling ? SETTLING : longestSleep;
        for (Occurrence occurrence : occurrences.open()) {
            if (failing.contains(occurrence.occurrenceId())) {
                continue;
            }
            Instant due =
                    switch (occurrence.status()) {
                        case SCHEDULED -> occurrence.startsAt();
                        case ACTIVE -> occurrence.endsAt();
                        case CLOSING, COMPLETED, CANCELLED -> null;
                    };
            if (due != null && due.isBefore(now.plus(until))) {
                until = Duration.between(now, due);
            }
        }
        boolean overdue = !until.isPositive();
        return overdue && moved == 0 ? SETTLING : until;
    }

    private static List<UUID> ids(Connection connection, String sql, Instant now)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, Timestamps.utc(now));
            ResultSet row = select.executeQuery();
            List<UUID> ids = new ArrayList<>();
            while (row.next()) {
                ids.add(row.getObject(1, UUID.class));
            }
            return ids;
        }
    }
}
