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
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Expires what nobody claimed in time. Several instances share the work; none waits for a claim
 * that is going on. Once an expiry has passed it is taken out, also of what was claimed: there is
 * no more to look at than what is due. Thread-safe.
 */
final class GrantExpiry {
    private static final int CHUNK = 1_000;

    /** How long before it passes an expiry is looked at; longer than between two looks. */
    private static final Duration AHEAD = Duration.ofSeconds(10);

    /** What was due before the last look is looked at again for so long: it may be of after it. */
    private static final Duration OVERLAP = Duration.ofSeconds(10);

    /** How often everything is looked at, however long ago it was due. */
    private static final Duration SWEEP = Duration.ofHours(1);

    private final Database database;
    private final InstantSource clock;
    private final Duration claimTimeout;
    private final int atATime;
    private Instant lookedUntil = Instant.EPOCH;
    private Instant lookedAhead = Instant.EPOCH;
    private Instant swept = Instant.EPOCH;

    /** What a chunk came to. */
    private record Chunk(int written, int expired) {}

    GrantExpiry(Database database, InstantSource clock, Duration claimTimeout) {
        this(database, clock, claimTimeout, CHUNK);
    }

    /**
     * @param atATime grants that are written in one transaction
     */
    GrantExpiry(Database database, InstantSource clock, Duration claimTimeout, int atATime) {
        this.database = database;
        this.clock = clock;
        this.claimTimeout = claimTimeout;
        this.atATime = atATime;
    }

    /**
     * Expires everything that is due.
     *
     * @return how many grants it were
     */
    synchronized int run() {
        Instant now = clock.instant();
        boolean sweep = now.isBefore(swept) || !now.isBefore(swept.plus(SWEEP));
        postponeAll(sweep || lookedAhead.isBefore(now) ? now : lookedAhead, now.plus(AHEAD));
        Instant since = sweep ? Instant.EPOCH : lookedUntil.minus(OVERLAP);
        int expired = expireAll(since, now);
        lookedUntil = firstLeft(since, now).orElse(now);
        swept = sweep ? now : swept;
        return expired;
    }

    /**
     * Whoever earned something while the end of the occurrence was being moved may have got an
     * expiry by the old one. It is put right before it passes: what can be claimed is never taken
     * away by the clock earlier than the occurrence's own end says.
     */
    private void postponeAll(Instant since, Instant soon) {
        int postponed;
        do {
            postponed = database.transaction(connection -> postpone(connection, since, soon));
        } while (postponed > 0);
        lookedAhead = soon;
    }

    private int expireAll(Instant since, Instant now) {
        int expired = 0;
        Chunk chunk;
        do {
            chunk = database.transaction(connection -> expire(connection, since, now));
            expired += chunk.expired();
            // While there is much to expire, nothing else is to expire too early.
            Instant soon = clock.instant().plus(AHEAD);
            if (soon.isAfter(lookedAhead)) {
                postponeAll(lookedAhead, soon);
            }
            // A chunk that is short may only have met claims under way: there may be more behind
            // it.
        } while (chunk.written() > 0);
        return expired;
    }

    /** When the first was due of what is still to expire: claims under way held it. */
    private Optional<Instant> firstLeft(Instant since, Instant now) {
        return database.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(
                            """
                            SELECT min(expires_at) FROM liveops.grants
                             WHERE expires_at > ?::timestamptz AND expires_at <= ?::timestamptz
                            """)) {
                statement.setString(1, since.toString());
                statement.setString(2, now.toString());
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return Optional.ofNullable(rows.getObject(1, OffsetDateTime.class))
                            .map(OffsetDateTime::toInstant);
                }
            }
        });
    }

    private int postpone(Connection connection, Instant since, Instant soon) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH early AS MATERIALIZED (
                            SELECT g.id, by_end.expiry
                              FROM liveops.grants g JOIN liveops.occurrences o USING (occurrence_id)
                             CROSS JOIN LATERAL (SELECT %s AS expiry) by_end
                             WHERE g.status = 'earned' AND g.expires_at > ?::timestamptz
                               AND g.expires_at <= ?::timestamptz
                               AND (by_end.expiry IS NULL OR by_end.expiry > g.expires_at)
                             ORDER BY g.expires_at LIMIT ?),
                        held AS MATERIALIZED (
                            SELECT g.id, early.expiry FROM liveops.grants g JOIN early ON early.id = g.id
                             WHERE g.status = 'earned'
                             ORDER BY g.occurrence_id, g.user_id, g.reward_id, g.sequence
                               FOR UPDATE OF g SKIP LOCKED)
                        UPDATE liveops.grants g SET expires_at = held.expiry FROM held WHERE g.id = held.id
                        """
                                .formatted(GrantRows.EXPIRY_BY_END))) {
            statement.setLong(1, claimTimeout.toMillis());
            statement.setString(2, since.toString());
            statement.setString(3, soon.toString());
            statement.setInt(4, atATime);
            return statement.executeUpdate();
        }
    }

    /** What has an expiry that is too early even now gets its own. */
    private Chunk expire(Connection connection, Instant since, Instant now) throws SQLException {
        // In the order of the index, so that what is due is all that is read. Others lock grants in
        // another order; that cannot end in a deadlock, as nothing is waited for here.
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        WITH candidates AS MATERIALIZED (
                            SELECT id FROM liveops.grants
                             WHERE expires_at > ?::timestamptz AND expires_at <= ?::timestamptz
                             ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED),
                        due AS MATERIALIZED (
                            SELECT g.id, g.status,
                                   CASE WHEN g.status = 'earned' AND by_end.expiry > ?::timestamptz
                                   THEN by_end.expiry END AS later
                              FROM liveops.grants g JOIN liveops.occurrences o USING (occurrence_id)
                             CROSS JOIN LATERAL (SELECT coalesce(%s, 'infinity') AS expiry) by_end
                             WHERE g.id IN (SELECT id FROM candidates) AND g.expires_at <= ?::timestamptz
                             ORDER BY g.occurrence_id, g.user_id, g.reward_id, g.sequence
                               FOR UPDATE OF g SKIP LOCKED)
                        UPDATE liveops.grants g
                           SET status = CASE WHEN due.status = 'earned' AND due.later IS NULL
                                        THEN 'expired' ELSE g.status END,
                               expires_at = nullif(due.later, 'infinity')
                          FROM due WHERE g.id = due.id
                        RETURNING %s, due.status = 'earned' AND due.later IS NULL AS expired
                        """
                                .formatted(GrantRows.EXPIRY_BY_END, Grant.COLUMNS))) {
            statement.setString(1, since.toString());
            statement.setString(2, now.toString());
            statement.setInt(3, atATime);
            statement.setString(4, now.toString());
            statement.setLong(5, claimTimeout.toMillis());
            statement.setString(6, now.toString());
            List<OutboxEvent> events = new ArrayList<>();
            Grant.Reader grants = new Grant.Reader();
            int written = 0;
            try (ResultSet rows = statement.executeQuery()) {
                for (; rows.next(); written++) {
                    if (rows.getBoolean("expired")) {
                        events.add(expired(grants.read(rows), now));
                    }
                }
            }
            Outbox.write(connection, now, Outbox.LIVEOPS_TOPIC, events);
            return new Chunk(written, events.size());
        }
    }

    private static OutboxEvent expired(Grant grant, Instant now) {
        return new OutboxEvent(
                "liveops.reward.expired", grant.userId(), now, grant::describe, null);
    }
}
