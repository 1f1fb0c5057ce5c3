package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.EventFilter;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.database.Database;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The events of a replay in the event store, in order of their ids. Blocks. Thread-safe. */
final class StoredRange {
    private static final Duration COUNTED_AT_ONCE = Duration.ofHours(1);

    /** Events that match, and those that would if they were replayable. */
    record Count(long matched, long skipped) {
        Count plus(Count other) {
            return new Count(matched + other.matched, skipped + other.skipped);
        }
    }

    private final Database database;
    private final Replay replay;

    StoredRange(Database database, Replay replay) {
        this.database = database;
        this.replay = replay;
    }

    private EventFilter filter() {
        EventFilter filter = new EventFilter();
        filter.matches("topic", List.of(replay.topic())).notIn("topic", replay.excludedTopics());
        ReplayFilter.apply(replay.filter(), filter);
        return filter;
    }

    /** The moments at which counting may pause. */
    List<Span> countable() {
        List<Span> spans = new ArrayList<>();
        Instant from = replay.startTime();
        while (from.isBefore(replay.endTime())) {
            Instant to = from.plus(COUNTED_AT_ONCE);
            to = to.isBefore(replay.endTime()) ? to : replay.endTime();
            spans.add(Span.of(from, to));
            from = to;
        }
        return spans;
    }

    Count count(Span span) {
        EventFilter filter = filter();
        return database.readAtLength(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT count(*) FILTER (WHERE e.is_replayable), count(*) FILTER (WHERE NOT e.is_replayable)
                              FROM bus.events e WHERE
                            """
                                    + Span.SQL
                                    + filter.sql())) {
                filter.bind(statement, span.bind(statement, 1));
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return new Count(row.getLong(1), row.getLong(2));
                }
            }
        });
    }

    /** The next events from that id on, itself included. */
    List<StoredEvent> from(UUID id, int limit) {
        EventFilter filter = filter();
        Span span = new Span(id, Span.floor(replay.endTime()));
        return database.readAtLength(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            "SELECT "
                                    + StoredEvent.COLUMNS
                                    + " FROM bus.events e WHERE"
                                    + Span.SQL
                                    + filter.sql()
                                    + " AND e.is_replayable ORDER BY e.id LIMIT ?")) {
                int next = filter.bind(statement, span.bind(statement, 1));
                statement.setInt(next, limit);
                try (ResultSet row = statement.executeQuery()) {
                    List<StoredEvent> events = new ArrayList<>(limit);
                    while (row.next()) {
                        events.add(StoredEvent.read(row));
                    }
                    return events;
                }
            }
        });
    }
}
