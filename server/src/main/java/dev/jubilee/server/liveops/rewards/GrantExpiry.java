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

    private final Database database;
    private final InstantSource clock;
    private final Duration claimTimeout;

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
    int run() {
        Instant soon = clock.instant().plus(AHEAD);
        database.transaction(connection -> postpone(connection, soon));
        int expired = 0;
        int chunk;
        do {
            Instant now = clock.instant();
            chunk = database.transaction(connection -> expire(connection, now));
            expired += chunk;
        } while (chunk == CHUNK);
        return expired;
    }

    /**
     * Whoever earned something while the end of the occurrence was being moved may have got an
     * expiry by the old one. It is put right before it passes: what can be claimed is never taken
     * away by the clock earlier than the occurrence's own end says.
     */
    private int postpone(Connection connection, Instant soon) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH early AS (
                            SELECT g.id, CASE WHEN o.ends_at IS NOT NULL THEN
                                   greatest(o.ends_at, g.earned_at) + ? * interval '1 millisecond' END AS later
                              FROM liveops.grants g JOIN liveops.occurrences o USING (occurrence_id)
                             WHERE g.status = 'earned' AND g.expires_at <= ?::timestamptz
                               AND (o.ends_at IS NULL
                                    OR g.expires_at < greatest(o.ends_at, g.earned_at) + ? * interval '1 millisecond')
                             ORDER BY g.occurrence_id, g.user_id, g.reward_id, g.sequence
                               FOR UPDATE OF g SKIP LOCKED)
                        UPDATE liveops.grants g SET expires_at = early.later FROM early WHERE g.id = early.id
                        """)) {
            statement.setLong(1, claimTimeout.toMillis());
            statement.setString(2, soon.toString());
            statement.setLong(3, claimTimeout.toMillis());
            return statement.executeUpdate();
        }
    }

    private static int expire(Connection connection, Instant now) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH due AS (
                            SELECT id FROM (SELECT id, occurrence_id, user_id, reward_id, sequence
                                              FROM liveops.grants
                                             WHERE status = 'earned' AND expires_at <= ?::timestamptz
                                             ORDER BY occurrence_id, user_id, reward_id, sequence
                                             LIMIT ? FOR UPDATE SKIP LOCKED) d)
                        UPDATE liveops.grants g SET status = 'expired', expires_at = NULL FROM due
                         WHERE g.id = due.id AND g.status = 'earned'
                        RETURNING %s
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setString(1, now.toString());
            statement.setInt(2, CHUNK);
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
