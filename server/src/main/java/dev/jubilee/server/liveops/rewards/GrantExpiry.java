package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Expires what nobody claimed in time. Several instances share the work; none waits for a claim
 * that is going on. Thread-safe.
 */
final class GrantExpiry {
    private static final int CHUNK = 1_000;

    /** What is due later than so long ago is looked at again: it may have been locked, or late. */
    private static final Duration OVERLAP = Duration.ofSeconds(10);

    /** How often everything is looked at, however long ago it was due. */
    private static final Duration SWEEP = Duration.ofHours(1);

    private final Database database;
    private final InstantSource clock;
    private Instant lookedUntil = Instant.EPOCH;
    private Instant swept = Instant.EPOCH;

    GrantExpiry(Database database, InstantSource clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Expires everything that is due.
     *
     * @return how many grants it were
     */
    synchronized int run() {
        Instant now = clock.instant();
        boolean sweep = !now.isBefore(swept.plus(SWEEP)) || now.isBefore(swept);
        Instant since = sweep ? Instant.EPOCH : lookedUntil.minus(OVERLAP);
        int expired = 0;
        int chunk;
        do {
            chunk = database.transaction(connection -> expire(connection, since, now));
            expired += chunk;
        } while (chunk == CHUNK);
        lookedUntil = now;
        swept = sweep ? now : swept;
        return expired;
    }

    private static int expire(Connection connection, Instant since, Instant now)
            throws SQLException {
        // In the order of the index first, so that what is due is all that is read; in the order of
        // all who lock grants then.
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH candidates AS MATERIALIZED (
                            SELECT id FROM liveops.grants
                             WHERE expires_at > ?::timestamptz AND expires_at <= ?::timestamptz
                               AND status = 'earned'
                             ORDER BY expires_at LIMIT ?),
                        due AS MATERIALIZED (
                            SELECT id FROM liveops.grants
                             WHERE id IN (SELECT id FROM candidates) AND status = 'earned'
                             ORDER BY occurrence_id, user_id, reward_id, sequence
                               FOR UPDATE SKIP LOCKED)
                        UPDATE liveops.grants g SET status = 'expired' FROM due WHERE g.id = due.id
                        RETURNING %s
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setString(1, since.toString());
            statement.setString(2, now.toString());
            statement.setInt(3, CHUNK);
            List<OutboxEvent> events = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Grant grant = Grant.read(rows);
                    events.add(
                            new OutboxEvent(
                                    "liveops.reward.expired",
                                    grant.userId(),
                                    now,
                                    grant.described(),
                                    null));
                }
            }
            Outbox.write(connection, Outbox.LIVEOPS_TOPIC, events);
            return events.size();
        }
    }
}
