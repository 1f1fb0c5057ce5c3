package dev.jubilee.server.bus.search;

import dev.jubilee.server.database.Timestamps;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;

/**
 * A stretch of the store. The time of acceptance names the partitions, and within one the ids,
 * which begin with that time, name the rows: nothing outside is looked at.
 *
 * @param from the first id
 * @param to the id behind the last
 */
public record Span(UUID from, UUID to) {
    /** The condition that finds the rows, with four parameters. */
    public static final String SQL =
            " e.accepted_at >= ? AND e.accepted_at < ? AND e.id >= ? AND e.id < ?";

    /** From the millisecond of one moment until that of another. */
    public static Span of(Instant from, Instant to) {
        return new Span(floor(from), floor(to));
    }

    /** The least id of the moment's millisecond. */
    public static UUID floor(Instant moment) {
        return new UUID(Math.max(0, moment.toEpochMilli()) << 16, 0);
    }

    /** The millisecond of an id. */
    public static Instant timeOf(UUID id) {
        return Instant.ofEpochMilli(id.getMostSignificantBits() >>> 16);
    }

    /** Sets the values, and returns the number of the next one. */
    public int bind(PreparedStatement statement, int first) throws SQLException {
        statement.setObject(first, Timestamps.utc(timeOf(from)));
        statement.setObject(first + 1, Timestamps.utc(timeOf(to).plusMillis(1)));
        statement.setObject(first + 2, from);
        statement.setObject(first + 3, to);
        return first + 4;
    }
}
