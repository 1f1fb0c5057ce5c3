package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.liveops.rewards.ClaimResult.Reason;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The SQL of claims, a whole batch a statement. */
final class ClaimRows {
    private static final String SERIALIZATION_FAILURE = "40001";

    /** The order in which others lock grants; a plan usually follows that of the array. */
    private static final Comparator<Grant> IN_ORDER =
            Comparator.comparing((Grant grant) -> grant.occurrenceId().toString())
                    .thenComparing(Grant::userId)
                    .thenComparing(Grant::rewardId)
                    .thenComparingInt(Grant::sequence);

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

    /**
     * Locks the players' participations, in their order, and then reads the grants as they are: no
     * other claim changes them from now on. One round trip, but each statement on a snapshot of its
     * own.
     */
    static List<Grant> lock(Connection connection, List<Grant> grants) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT 1 FROM liveops.event_participations p
                          JOIN (SELECT DISTINCT * FROM unnest(?, ?)) AS k (occurrence_id, user_id)
                            ON p.occurrence_id = k.occurrence_id AND p.user_id = k.user_id
                         ORDER BY p.occurrence_id, p.user_id
                           FOR NO KEY UPDATE OF p;
                        SELECT %s FROM liveops.grants g WHERE g.id = ANY (?)
                        """
                                .formatted(Grant.COLUMNS))) {
            statement.setObject(1, occurrences(grants));
            statement.setArray(2, texts(connection, grants.stream().map(Grant::userId)));
            statement.setObject(3, ids(grants));
            statement.execute();
            statement.getMoreResults();
            List<Grant> seen = new ArrayList<>(grants.size());
            Grant.Reader reader = new Grant.Reader();
            try (ResultSet rows = statement.getResultSet()) {
                while (rows.next()) {
                    seen.add(reader.read(rows));
                }
            }
            return seen;
        }
    }

    /**
     * Writes the claims, on the participations and on the grants; all of one batch were made at one
     * time.
     *
     * @throws SQLException to be tried again, when one of them has expired or was revoked meanwhile
     */
    static void write(Connection connection, List<Grant> claimed) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        GrantRows.NOTE_CLAIMS
                                + """
                                ;
                                UPDATE liveops.grants g SET status = 'claimed', claimed_at = ?::timestamptz
                                  FROM unnest(?) AS c (id)
                                 WHERE g.id = c.id AND g.status = 'earned'
                                """)) {
            statement.setObject(1, occurrences(claimed));
            statement.setArray(2, texts(connection, claimed.stream().map(Grant::userId)));
            statement.setArray(3, texts(connection, claimed.stream().map(Grant::rewardId)));
            statement.setString(4, String.valueOf(claimed.getFirst().claimedAt()));
            statement.setObject(5, ids(claimed.stream().sorted(IN_ORDER).toList()));
            statement.execute();
            statement.getMoreResults();
            if (statement.getUpdateCount() != claimed.size()) {
                throw new SQLException(
                        "a grant changed while it was being claimed", SERIALIZATION_FAILURE);
            }
        }
    }

    /** Tells a reward that was not earned from one that does not exist, as far as players see. */
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
                          LEFT JOIN liveops.events e
                                 ON e.event_id = m.event_id AND e.status <> 'draft'
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
