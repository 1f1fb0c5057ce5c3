package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.outbox.Outbox;
import dev.jubilee.server.outbox.OutboxEvent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
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

    private final Database database;
    private final InstantSource clock;

    GrantExpiry(Database database, InstantSource clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Expires everything that is due.
     *
     * @return how many grants it were
     */
    int run() {
        int expired = 0;
        int chunk;
        do {
            Instant now = clock.instant();
            chunk = database.transaction(connection -> expire(connection, now));
            expired += chunk;
        } while (chunk == CHUNK);
        return expired;
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
                        UPDATE liveops.grants g SET status = 'expired' FROM due
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
