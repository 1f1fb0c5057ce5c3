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

    /** How long before it passes an expiry is looked at again; longer than between two looks. */
    private static final Duration AHEAD = Duration.ofSeconds(10);

    /**
     * What was due before the last look is looked at again for so long: it may have been locked.
     */
    private static final Duration OVERLAP = Duration.ofSeconds(10);

    /** How often everything is looked at, however long ago it was due. */
    private static final Duration SWEEP = Duration.ofHours(1);

    private final Database database;
    private final InstantSource clock;
    private final Duration claimTimeout;
    private Instant lookedUntil = Instant.EPOCH;
    private Instant swept = Instant.EPOCH;

    GrantExpiry(Database database, InstantSource clock, Duration claimTimeout) {
        this.database = database;
        this.clock = clock;
        this.claimTimeout = claimTimeout;
    }

    /**
     * Expires everything that is due.
     *
     * @return how many grants it were
     */
    synchronized int run() {
        Instant now = clock.instant();
        boolean sweep = now.isBefore(swept) || !now.isBefore(swept.plus(SWEEP));
        Instant since = sweep ? Instant.EPOCH : lookedUntil.minus(OVERLAP);
        database.transaction(connection -> postpone(connection, since, now.plus(AHEAD)));
        int expired = 0;
        int chunk;
        do {
            chunk = database.transaction(connection -> expire(connection, since, now));
            expired += chunk;
            // A chunk that is short may only have met claims under way: there may be more behind
            // it.
        } while (chunk > 0);
        lookedUntil = now;
        swept = sweep ? now : swept;
        return expired;
    }

    /**
     * Whoever earned something while the end of the occurrence was being moved may have got an
     * expiry by the old one. It is put right before it passes: what can be claimed is never taken
     * away by the clock earlier than the occurrence's own end says.
     */
    private int postpone(Connection connection, Instant since, Instant soon) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH early AS (
                            SELECT g.id, CASE WHEN o.ends_at IS NOT NULL THEN
                                   greatest(o.ends_at, g.earned_at) + ? * interval '1 millisecond' END AS later
                              FROM liveops.grants g JOIN liveops.occurrences o USING (occurrence_id)
                             WHERE g.status = 'earned' AND g.expires_at > ?::timestamptz AND g.expires_at <= ?::timestamptz
                               AND (o.ends_at IS NULL
                                    OR g.expires_at < greatest(o.ends_at, g.earned_at) + ? * interval '1 millisecond')
                             ORDER BY g.occurrence_id, g.user_id, g.reward_id, g.sequence
                               FOR UPDATE OF g SKIP LOCKED)
                        UPDATE liveops.grants g SET expires_at = early.later FROM early WHERE g.id = early.id
                        """)) {
            statement.setLong(1, claimTimeout.toMillis());
            statement.setString(2, since.toString());
            statement.setString(3, soon.toString());
            statement.setLong(4, claimTimeout.toMillis());
            return statement.executeUpdate();
        }
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
                        UPDATE liveops.grants g SET status = 'expired', expires_at = NULL FROM due
                         WHERE g.id = due.id
                        RETURNING %s
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setString(1, since.toString());
            statement.setString(2, now.toString());
            statement.setInt(3, CHUNK);
            List<OutboxEvent> events = new ArrayList<>();
            Grant.Reader grants = new Grant.Reader();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Grant grant = grants.read(rows);
                    events.add(
                            new OutboxEvent(
                                    "liveops.reward.expired",
                                    grant.userId(),
                                    now,
                                    grant::describe,
                                    null));
                }
            }
            Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, events);
            return events.size();
        }
    }
}
