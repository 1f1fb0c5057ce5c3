package dev.jubilee.server.liveops.progress;

import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Forgets which events counted for occurrences that are over: nothing counts for them any more, so
 * that no event can come twice. Some rows a transaction; several instances share the work.
 * Thread-safe.
 */
public final class LedgerPurge {
    private static final int CHUNK = 5_000;

    /**
     * Whether an occurrence {@code o} of an event {@code e} was over before the parameter. A
     * cancelled event is not changed any more, so its last change was the cancellation.
     */
    static final String WAS_OVER =
            """
            (o.status IN ('completed', 'cancelled') AND coalesce(o.completed_at, e.updated_at) < ?::timestamptz)\
            """;

    private final Database database;
    private final InstantSource clock;
    private final Duration retention;

    /**
     * @param retention how long after the end of an occurrence its events are known
     */
    public LedgerPurge(Database database, InstantSource clock, Duration retention) {
        this.database = database;
        this.clock = clock;
        this.retention = retention;
    }

    /**
     * Forgets what is old enough.
     *
     * @return how many entries
     */
    public int run() {
        Instant before = clock.instant().minus(retention);
        int purged = 0;
        int chunk;
        do {
            chunk = database.transaction(connection -> purge(connection, before));
            purged += chunk;
        } while (chunk > 0 && !Thread.currentThread().isInterrupted());
        return purged;
    }

    private static int purge(Connection connection, Instant before) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement(
                        """
                        WITH past AS MATERIALIZED (
                            SELECT o.occurrence_id
                              FROM liveops.occurrences o JOIN liveops.events e ON e.event_id = o.event_id
                             WHERE %s
                               AND EXISTS (SELECT FROM liveops.progress_ledger l
                                            WHERE l.occurrence_id = o.occurrence_id)
                             LIMIT 1)
                        DELETE FROM liveops.progress_ledger
                         WHERE (occurrence_id, event_id) IN (
                               SELECT l.occurrence_id, l.event_id
                                 FROM past JOIN liveops.progress_ledger l ON l.occurrence_id = past.occurrence_id
                                LIMIT ?
                                  FOR UPDATE OF l SKIP LOCKED)
                        """
                                .formatted(WAS_OVER))) {
            delete.setString(1, before.toString());
            delete.setInt(2, CHUNK);
            return delete.executeUpdate();
        }
    }
}
