package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.liveops.rewards.ClaimResult.Reason;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The SQL of claims, a whole batch a statement. */
final class ClaimRows {
    private ClaimRows() {}

    /** The grant that each claim means, by the claim's place in the list, without a lock. */
    static Map<Integer, Grant> find(Connection connection, List<Claim> claims) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT c.n, %s
                          FROM unnest(?, ?, ?, ?) WITH ORDINALITY AS c (event_id, reward_id, user_id, occurrence_id, n)
                         CROSS JOIN LATERAL (
                               SELECT * FROM liveops.grants g
                                WHERE g.user_id = c.user_id AND g.event_id = c.event_id
                                  AND g.reward_id = c.reward_id
                                  AND (c.occurrence_id IS NULL OR g.occurrence_id = c.occurrence_id)
                                ORDER BY g.id DESC LIMIT 1) g
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setArray(1, texts(connection, claims.stream().map(Claim::eventId)));
            statement.setArray(2, texts(connection, claims.stream().map(Claim::rewardId)));
            statement.setArray(3, texts(connection, claims.stream().map(Claim::userId)));
            statement.setObject(
                    4, SqlArray.uuids(claims.stream().map(Claim::occurrenceId).toList()));
            Map<Integer, Grant> found = HashMap.newHashMap(claims.size());
            Grant.Reader grants = new Grant.Reader();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.put(rows.getInt("n") - 1, grants.read(rows));
                }
            }
            return found;
        }
    }

    static void lockParticipations(Connection connection, List<Grant> grants) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.event_participations p
                          JOIN (SELECT DISTINCT * FROM unnest(?, ?)) AS k (occurrence_id, user_id)
                            ON p.occurrence_id = k.occurrence_id AND p.user_id = k.user_id
                         ORDER BY p.occurrence_id, p.user_id
                           FOR UPDATE OF p
                        """)) {
            statement.setObject(1, occurrences(grants));
            statement.setArray(2, texts(connection, grants.stream().map(Grant::userId)));
            statement.executeQuery().close();
        }
    }

    /** Locks the grants and reads them as they are now. */
    static List<Grant> lock(Connection connection, List<Grant> grants) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT %s FROM liveops.grants g WHERE g.id = ANY (?)
                         ORDER BY g.occurrence_id, g.user_id, g.reward_id, g.sequence
                           FOR UPDATE
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setObject(1, ids(grants));
            List<Grant> locked = new ArrayList<>(grants.size());
            Grant.Reader reader = new Grant.Reader();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    locked.add(reader.read(rows));
                }
            }
            return locked;
        }
    }

    /** Writes the claims; all of one batch were made at one time. */
    static void update(Connection connection, List<Grant> claimed) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        UPDATE liveops.grants SET status = 'claimed', claimed_at = ?::timestamptz
                         WHERE id = ANY (?)
                        """)) {
            statement.setString(1, String.valueOf(claimed.getFirst().claimedAt()));
            statement.setObject(2, ids(claimed));
            statement.executeUpdate();
        }
    }

    static void noteOnParticipations(Connection connection, List<Grant> claimed)
            throws SQLException {
        GrantRows.noteClaims(
                connection,
                occurrences(claimed),
                claimed.stream().map(Grant::userId).toArray(String[]::new),
                claimed.stream().map(Grant::rewardId).toArray(String[]::new));
    }

    /** Tells a reward that was not earned from one that does not exist. */
    static void explainMisses(
            Connection connection,
            List<Claim> claims,
            List<Integer> misses,
            List<ClaimResult> results)
            throws SQLException {
        if (misses.isEmpty()) {
            return;
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT m.n, e.event_id IS NOT NULL, r.reward_id IS NOT NULL
                          FROM unnest(?, ?, ?) AS m (n, event_id, reward_id)
                          LEFT JOIN liveops.events e ON e.event_id = m.event_id
                          LEFT JOIN liveops.event_rewards r
                                 ON r.event_id = m.event_id AND r.reward_id = m.reward_id
                        """)) {
            Object[] places = misses.toArray();
            statement.setArray(1, connection.createArrayOf("int4", places));
            statement.setArray(
                    2, texts(connection, misses.stream().map(i -> claims.get(i).eventId())));
            statement.setArray(
                    3, texts(connection, misses.stream().map(i -> claims.get(i).rewardId())));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Reason reason =
                            !rows.getBoolean(2)
                                    ? Reason.NO_SUCH_EVENT
                                    : rows.getBoolean(3)
                                            ? Reason.NOT_EARNED
                                            : Reason.NO_SUCH_REWARD;
                    results.set(rows.getInt(1), new ClaimResult.Refused(reason));
                }
            }
        }
    }

    private static SqlArray ids(List<Grant> grants) {
        return SqlArray.uuids(grants.stream().map(Grant::id).toList());
    }

    private static SqlArray occurrences(List<Grant> grants) {
        return SqlArray.uuids(grants.stream().map(Grant::occurrenceId).toList());
    }

    private static Array texts(Connection connection, Stream<String> values) throws SQLException {
        return connection.createArrayOf("varchar", values.toArray(String[]::new));
    }
}
