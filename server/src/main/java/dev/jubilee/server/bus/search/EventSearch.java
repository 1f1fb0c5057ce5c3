package dev.jubilee.server.bus.search;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.database.UuidOrder;
import dev.jubilee.server.http.Problem;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Searches the store from the latest event backwards. A search looks at slices of time, each four
 * times as long as the one before, and ends when it has found enough or has taken its time; where
 * it stopped is the cursor with which it goes on. So no search holds the database for long, however
 * rare what it looks for. Blocks. Thread-safe.
 */
public final class EventSearch {
    private static final Duration FIRST_SLICE = Duration.ofSeconds(10);
    private static final Duration SHORTEST_SLICE = Duration.ofMillis(500);
    private static final long PATIENCE = Duration.ofSeconds(2).toNanos();
    private static final Duration SLICE_TIME = Duration.ofSeconds(5);

    /**
     * A part of what was found.
     *
     * @param next where to go on; null when everything was looked at
     */
    public record Found(List<StoredEvent> events, @Nullable UUID next) {}

    private final Database database;
    private final Timer queries;

    public EventSearch(Database database, MeterRegistry registry) {
        this.database = database;
        this.queries =
                Timer.builder("event_bus_database_query_duration")
                        .tag("operation", "event_search")
                        .publishPercentiles(0.5, 0.95, 0.99)
                        .register(registry);
    }

    /**
     * Looks for events, the latest first: so many at most, and fewer where they are large.
     *
     * @param whole whether an index finds them: the span is then looked at in one go
     * @throws dev.jubilee.server.http.ProblemException 503 when even a short slice takes too long
     */
    public Found find(Span span, EventConditions where, int limit, boolean whole) {
        long deadline = System.nanoTime() + PATIENCE;
        EventPage page = new EventPage(limit, EventPage.MOST_BYTES, EventPage.Order.LATEST_FIRST);
        UUID upper = span.to();
        Duration slice =
                whole
                        ? Duration.between(Span.timeOf(span.from()), Span.timeOf(upper))
                        : FIRST_SLICE;
        while (UuidOrder.compare(upper, span.from()) > 0) {
            UUID lower = lower(upper, slice, span.from());
            try {
                read(page, new Span(lower, upper), where);
            } catch (DatabaseException e) {
                slice = shorter(e, slice);
                // Where nothing was passed, the cursor would lead to the same again.
                if (System.nanoTime() - deadline > 0 && !upper.equals(span.to())) {
                    return new Found(page.events(), upper);
                }
                continue;
            }
            if (page.isFull()) {
                return new Found(page.events(), page.events().getLast().id());
            }
            upper = lower;
            slice = slice.multipliedBy(4);
            if (System.nanoTime() - deadline > 0 && UuidOrder.compare(upper, span.from()) > 0) {
                return new Found(page.events(), upper);
            }
        }
        return new Found(page.events(), null);
    }

    private static UUID lower(UUID upper, Duration slice, UUID from) {
        UUID lower = Span.floor(Span.timeOf(upper).minus(slice));
        return UuidOrder.compare(lower, from) > 0 ? lower : from;
    }

    private static Duration shorter(DatabaseException failure, Duration slice) {
        if (!failure.tookTooLong()) {
            throw failure;
        }
        if (slice.compareTo(SHORTEST_SLICE) <= 0) {
            throw Problem.unavailable(
                            "search_too_slow",
                            "There are too many events to look at; narrow the search.",
                            Duration.ofSeconds(5))
                    .asException();
        }
        Duration eighth = slice.dividedBy(8);
        return eighth.compareTo(FIRST_SLICE) < 0 ? eighth : FIRST_SLICE;
    }

    private void read(EventPage page, Span span, EventConditions where) {
        long start = System.nanoTime();
        try {
            var _ =
                    database.within(
                            SLICE_TIME,
                            connection ->
                                    page.read(
                                            connection,
                                            Span.SQL + where.sql(),
                                            statement ->
                                                    where.bind(
                                                            statement, span.bind(statement, 1))));
        } finally {
            queries.record(Duration.ofNanos(System.nanoTime() - start));
        }
    }
}
