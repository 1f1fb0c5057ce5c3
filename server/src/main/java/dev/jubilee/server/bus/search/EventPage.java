package dev.jubilee.server.bus.search;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Gathers events of the store, read after read, until there are as many as were asked for or as
 * many bytes as may be in memory at once. An empty page takes one event however large it is. For
 * one thread.
 */
public final class EventPage {
    /** The most bytes of a page that is all that a request has in memory. */
    public static final long MOST_BYTES = 4L << 20;

    private final int limit;
    private final long mostBytes;
    private final Order order;
    private final List<StoredEvent> events = new ArrayList<>();
    private long bytes;

    /** By their ids, and so by the time of acceptance. */
    public enum Order {
        OLDEST_FIRST(""),
        LATEST_FIRST(" DESC");

        private final String sql;

        Order(String sql) {
            this.sql = sql;
        }
    }

    /** Sets the values of a condition, and returns the number of the next one. */
    @FunctionalInterface
    public interface Values {
        int bind(PreparedStatement statement) throws SQLException;
    }

    /**
     * @param mostBytes of payloads and extensions; the last event may reach beyond
     */
    public EventPage(int limit, long mostBytes, Order order) {
        this.limit = limit;
        this.mostBytes = mostBytes;
        this.order = order;
    }

    /** Adds as many as there is room for, and returns those that it added. */
    public List<StoredEvent> read(Connection connection, String condition, Values values)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH next AS (
                            SELECT %1$s FROM bus.events e WHERE %2$s ORDER BY e.id%3$s LIMIT ?
                        ), sized AS (
                            SELECT *, coalesce(octet_length(payload), 0) + coalesce(octet_length(extensions), 0) AS size
                            FROM next
                        ), measured AS (
                            SELECT *, sum(size) OVER (ORDER BY id%3$s) AS bytes FROM sized
                        )
                        SELECT * FROM measured WHERE bytes - size < ? ORDER BY id%3$s
                        """
                                .formatted(StoredEvent.COLUMNS, condition, order.sql))) {
            int next = values.bind(statement);
            statement.setInt(next, limit - events.size());
            statement.setLong(next + 1, mostBytes - bytes);
            List<StoredEvent> read = new ArrayList<>();
            long more = 0;
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    read.add(StoredEvent.read(row));
                    more = row.getLong("bytes");
                }
            }
            events.addAll(read);
            bytes += more;
            return read;
        }
    }

    /** Whether it takes no more. There may be none either. */
    public boolean isFull() {
        return events.size() >= limit || bytes >= mostBytes;
    }

    public List<StoredEvent> events() {
        return events;
    }
}
