package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.EventConditions;
import dev.jubilee.server.bus.search.EventPage;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.database.UuidOrder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The events of a replay in the event store, in order of their ids. No statement looks at more of
 * them than takes some seconds, however many there are and however rare what is asked for: the
 * range is looked at slice by slice, longer where that is quick and shorter where it is not.
 * Blocks. For one thread.
 */
final class StoredRange {
    private static final Duration FIRST_SLICE = Duration.ofSeconds(10);
    private static final Duration SHORTEST_SLICE = Duration.ofMillis(100);
    private static final Duration LONGEST_SLICE = Duration.ofHours(6);
    private static final Duration STATEMENT = Duration.ofSeconds(5);
    private static final long QUICK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** Events that match, and those that would if they were replayable. */
    record Count(long matched, long skipped) {
        Count plus(Count other) {
            return new Count(matched + other.matched, skipped + other.skipped);
        }
    }

    /**
     * One part of the range.
     *
     * @param next the id to go on from; null when the range is at its end
     */
    record Part<T>(T found, @Nullable UUID next) {}

    private final Database database;
    private final Replay replay;
    private final List<String> closed;
    private final UUID end;
    private Duration slice = FIRST_SLICE;

    StoredRange(Database database, Replay replay) {
        this(database, replay, List.of());
    }

    /**
     * @param closed topics to leave out besides
     */
    StoredRange(Database database, Replay replay, List<String> closed) {
        this.database = database;
        this.replay = replay;
        this.closed = closed;
        this.end = Span.floor(replay.endTime());
    }

    private EventConditions filter() {
        EventConditions where = new EventConditions();
        where.matches("topic", List.of(replay.topic()))
                .notIn("topic", replay.excludedTopics())
                .notIn("topic", closed);
        ReplayFilter.apply(replay.filter(), where);
        return where;
    }

    /** Counts the next events from that id on, itself included; a part of them in some seconds. */
    Part<Count> count(UUID from) {
        return slice(from, new Count(0, 0), this::count);
    }

    private Count count(Connection connection, Span span) throws SQLException {
        EventConditions where = filter();
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT count(*) FILTER (WHERE e.is_replayable), count(*) FILTER (WHERE NOT e.is_replayable)
                          FROM bus.events e WHERE
                        """
                                + Span.SQL
                                + where.sql())) {
            where.bind(statement, span.bind(statement, 1));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return new Count(row.getLong(1), row.getLong(2));
            }
        }
    }

    /**
     * The next events from that id on, itself included: so many at most, fewer where they are
     * large, and those that were found in some seconds, which may be none.
     */
    Part<List<StoredEvent>> from(UUID id, int limit) {
        long began = System.nanoTime();
        EventPage page = new EventPage(limit, EventPage.MOST_BYTES, EventPage.Order.OLDEST_FIRST);
        UUID next = id;
        while (next != null && System.nanoTime() - began < PATIENCE_NANOS) {
            next =
                    slice(next, List.of(), (connection, span) -> read(page, connection, span))
                            .next();
            if (page.isFull()) {
                return new Part<>(page.events(), after(page.events().getLast().id()));
            }
        }
        return new Part<>(page.events(), next);
    }

    private List<StoredEvent> read(EventPage page, Connection connection, Span span)
            throws SQLException {
        EventConditions where = filter();
        return page.read(
                connection,
                Span.SQL + where.sql() + " AND e.is_replayable",
                statement -> where.bind(statement, span.bind(statement, 1)));
    }

    private interface Look<T> {
        T at(Connection connection, Span span) throws SQLException;
    }

    /**
     * Looks at one slice. One that took too long found nothing, and the next begins where it began:
     * whoever holds a lease has the time to renew it in between.
     */
    private <T> Part<T> slice(UUID start, T nothing, Look<T> look) {
        long began = System.nanoTime();
        try {
            Part<T> part =
                    database.within(
                            STATEMENT, connection -> slice(connection, start, nothing, look));
            took(System.nanoTime() - began);
            return part;
        } catch (DatabaseException e) {
            if (!e.tookTooLong()) {
                throw e;
            }
            slice = atLeast(slice.dividedBy(8));
            return new Part<>(nothing, start);
        }
    }

    private <T> Part<T> slice(Connection connection, UUID start, T nothing, Look<T> look)
            throws SQLException {
        UUID from = firstFrom(connection, start);
        if (from == null) {
            return new Part<>(nothing, null);
        }
        UUID upper = Span.floor(Span.timeOf(from).plus(slice));
        UUID to = UuidOrder.compare(upper, end) < 0 ? upper : end;
        T found = look.at(connection, new Span(from, to));
        return new Part<>(found, to.equals(end) ? null : to);
    }

    /** The first event from that id on: no time is spent where nothing is kept. */
    private @Nullable UUID firstFrom(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(
                        "SELECT e.id FROM bus.events e WHERE"
                                + Span.SQL
                                + " ORDER BY e.id LIMIT 1")) {
            int _ = new Span(id, end).bind(select, 1);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getObject(1, UUID.class) : null;
            }
        }
    }

    private void took(long nanos) {
        if (nanos < QUICK_NANOS) {
            Duration longer = slice.multipliedBy(4);
            slice = longer.compareTo(LONGEST_SLICE) < 0 ? longer : LONGEST_SLICE;
        } else if (nanos > SLOW_NANOS) {
            slice = atLeast(slice.dividedBy(2));
        }
    }

    private static Duration atLeast(Duration shorter) {
        return shorter.compareTo(SHORTEST_SLICE) > 0 ? shorter : SHORTEST_SLICE;
    }

    private static UUID after(UUID id) {
        long low = id.getLeastSignificantBits() + 1;
        return new UUID(id.getMostSignificantBits() + (low == 0 ? 1 : 0), low);
    }
}
