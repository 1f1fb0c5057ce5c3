package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rewards.Expiries.Place;
import dev.jubilee.server.liveops.rules.RewardRule;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The SQL of grants, a whole batch a statement. */
final class GrantRows {
    /**
     * Notes claims on the participations: their occurrences, players and rewards, in arrays that
     * run in parallel.
     */
    static final String NOTE_CLAIMS =
            """
            UPDATE liveops.event_participations p
               SET rewards_claimed = p.rewards_claimed || c.rewards
              FROM (SELECT occurrence_id, user_id, jsonb_agg(reward_id) AS rewards
                      FROM unnest(?, ?, ?) AS c (occurrence_id, user_id, reward_id)
                     GROUP BY 1, 2) c
             WHERE p.occurrence_id = c.occurrence_id AND p.user_id = c.user_id
            """;

    /**
     * When a grant {@code g} of an occurrence {@code o} expires by the end that this has now; the
     * parameter is the claim timeout in milliseconds. Its id says when it was made, which may have
     * been after the end.
     */
    static final String EXPIRY_BY_END =
            """
            CASE WHEN o.ends_at IS NOT NULL THEN
                 greatest(o.ends_at, g.earned_at, uuid_extract_timestamp(g.id)) + ? * interval '1 millisecond' END\
            """;

    /**
     * Gives some grants of an occurrence the expiry by its end, and names the last of them and how
     * many they are.
     */
    private static final String FOLLOW_END =
            """
            WITH open AS MATERIALIZED (
                SELECT g.id, g.user_id, g.reward_id, g.sequence, by_end.expiry
                  FROM liveops.grants g JOIN liveops.occurrences o USING (occurrence_id)
                 CROSS JOIN LATERAL (SELECT %s AS expiry) by_end
                 WHERE g.occurrence_id = ? AND g.status = 'earned'
                   AND g.expires_at IS DISTINCT FROM by_end.expiry
                   AND (g.user_id, g.reward_id, g.sequence) > (?, ?, ?)
                 ORDER BY g.occurrence_id, g.user_id, g.reward_id, g.sequence LIMIT ?
                   FOR UPDATE OF g),
            moved AS (UPDATE liveops.grants g SET expires_at = open.expiry FROM open WHERE g.id = open.id)
            SELECT user_id, reward_id, sequence, count(*) OVER () FROM open
             ORDER BY user_id DESC, reward_id DESC, sequence DESC LIMIT 1
            """
                    .formatted(EXPIRY_BY_END);

    /** A grant about to be made. */
    record Row(UUID id, Earned earned, @Nullable Instant expiresAt) {}

    /** A rule of an occurrence: what the grants of a batch have in common. */
    private record Kind(Occurrence occurrence, RewardRule rule) {}

    private GrantRows() {}

    /**
     * Inserts in key order those that are not there yet, and names them.
     *
     * <p>Who waited for the players' locks may know an occurrence without an end that was called
     * off meanwhile, and has set the expiry of what it found. What comes after it gets its expiry
     * here: this statement sees the end, or the cancellation waits for the locks and sees this.
     *
     * @param now from which what is without an expiry can be claimed, if not from the end on
     * @param claimTimeout for how long
     */
    static Set<UUID> insert(
            Connection connection, List<Row> rows, Instant now, Duration claimTimeout)
            throws SQLException {
        if (rows.isEmpty()) {
            return Set.of();
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO liveops.grants (id, occurrence_id, event_id, user_id, reward_id, sequence,
                            status, reward_type, reward_value, earned_at, claimed_at, expires_at)
                        SELECT g.id, k.occurrence_id, k.event_id, g.user_id, k.reward_id, g.sequence,
                               CASE WHEN k.automatic THEN 'claimed' ELSE 'earned' END, k.reward_type,
                               k.reward_value::jsonb, g.earned_at,
                               CASE WHEN k.automatic THEN g.earned_at END,
                               CASE WHEN o.ends_at IS NULL THEN g.expires_at
                                    ELSE greatest(o.ends_at, ?::timestamptz) + ? * interval '1 millisecond' END
                          FROM unnest(?, ?, ?, ?, ?, ?) AS g (id, user_id, sequence, earned_at, expires_at, kind)
                          JOIN unnest(?, ?, ?, ?, ?, ?) WITH ORDINALITY
                                 AS k (occurrence_id, event_id, reward_id, reward_type, reward_value, automatic, kind)
                            ON k.kind = g.kind
                          LEFT JOIN liveops.occurrences o
                            ON g.expires_at IS NULL AND NOT k.automatic AND o.occurrence_id = k.occurrence_id
                         ORDER BY k.occurrence_id, g.user_id, k.reward_id, g.sequence
                            ON CONFLICT (occurrence_id, user_id, reward_id, sequence) DO NOTHING
                        RETURNING id
                        """)) {
            Map<Kind, Long> kinds = new LinkedHashMap<>();
            statement.setString(1, now.toString());
            statement.setLong(2, claimTimeout.toMillis());
            bindRows(connection, statement, rows, kinds);
            bindKinds(connection, statement, List.copyOf(kinds.keySet()));
            Set<UUID> made = HashSet.newHashSet(rows.size());
            try (ResultSet ids = statement.executeQuery()) {
                while (ids.next()) {
                    made.add(ids.getObject(1, UUID.class));
                }
            }
            return made;
        }
    }

    /**
     * Gives some of the unclaimed grants of an occurrence the expiry that its end now gives them,
     * in key order.
     *
     * @return the last of them; null when there are no more
     */
    static @Nullable Place followEnd(
            Connection connection,
            UUID occurrenceId,
            Duration claimTimeout,
            Place after,
            int atMost)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FOLLOW_END)) {
            statement.setLong(1, claimTimeout.toMillis());
            statement.setObject(2, occurrenceId);
            statement.setString(3, after.userId());
            statement.setString(4, after.rewardId());
            statement.setInt(5, after.sequence());
            statement.setInt(6, atMost);
            try (ResultSet last = statement.executeQuery()) {
                return last.next() && last.getInt(4) == atMost
                        ? new Place(last.getString(1), last.getString(2), last.getInt(3))
                        : null;
            }
        }
    }

    /** The grants that exist already. */
    static List<Grants.Key> present(Connection connection, List<Grants.Key> keys)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT g.occurrence_id, g.user_id, g.reward_id, g.sequence
                          FROM liveops.grants g
                          JOIN unnest(?, ?, ?, ?) AS k (occurrence_id, user_id, reward_id, sequence)
                            ON g.occurrence_id = k.occurrence_id AND g.user_id = k.user_id
                           AND g.reward_id = k.reward_id AND g.sequence = k.sequence
                        """)) {
            List<UUID> occurrences = keys.stream().map(Grants.Key::occurrenceId).toList();
            String[] users = keys.stream().map(Grants.Key::userId).toArray(String[]::new);
            String[] rewards = keys.stream().map(Grants.Key::rewardId).toArray(String[]::new);
            Object[] sequences = keys.stream().map(Grants.Key::sequence).toArray();
            statement.setObject(1, SqlArray.uuids(occurrences));
            statement.setArray(2, connection.createArrayOf("varchar", users));
            statement.setArray(3, connection.createArrayOf("varchar", rewards));
            statement.setArray(4, connection.createArrayOf("int4", sequences));
            List<Grants.Key> present = new ArrayList<>();
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    present.add(
                            new Grants.Key(
                                    found.getObject(1, UUID.class),
                                    found.getString(2),
                                    found.getString(3),
                                    found.getInt(4)));
                }
            }
            return present;
        }
    }

    /** Notes automatic claims on the participations, whose locks the caller holds. */
    static void noteClaims(Connection connection, List<Row> claimed) throws SQLException {
        if (claimed.isEmpty()) {
            return;
        }
        List<UUID> occurrences =
                claimed.stream().map(row -> row.earned().occurrence().occurrenceId()).toList();
        String[] users = claimed.stream().map(row -> row.earned().userId()).toArray(String[]::new);
        String[] rewards =
                claimed.stream().map(row -> row.earned().rule().rewardId()).toArray(String[]::new);
        try (PreparedStatement statement = connection.prepareStatement(NOTE_CLAIMS)) {
            statement.setObject(1, SqlArray.uuids(occurrences));
            statement.setArray(2, connection.createArrayOf("varchar", users));
            statement.setArray(3, connection.createArrayOf("varchar", rewards));
            statement.executeUpdate();
        }
    }

    private static void bindRows(
            Connection connection,
            PreparedStatement statement,
            List<Row> rows,
            Map<Kind, Long> kinds)
            throws SQLException {
        int size = rows.size();
        List<UUID> ids = new ArrayList<>(size);
        String[] users = new String[size];
        Integer[] sequences = new Integer[size];
        List<Instant> earnedAt = new ArrayList<>(size);
        List<@Nullable Instant> expiresAt = new ArrayList<>(size);
        Long[] kind = new Long[size];
        for (int i = 0; i < size; i++) {
            Row row = rows.get(i);
            Earned earned = row.earned();
            ids.add(row.id());
            users[i] = earned.userId();
            sequences[i] = earned.sequence();
            earnedAt.add(earned.at());
            expiresAt.add(row.expiresAt());
            kind[i] =
                    kinds.computeIfAbsent(
                            new Kind(earned.occurrence(), earned.rule()), k -> kinds.size() + 1L);
        }
        statement.setObject(3, SqlArray.uuids(ids));
        statement.setArray(4, connection.createArrayOf("varchar", users));
        statement.setArray(5, connection.createArrayOf("int4", sequences));
        statement.setObject(6, SqlArray.instants(earnedAt));
        statement.setObject(7, SqlArray.instants(expiresAt));
        statement.setArray(8, connection.createArrayOf("int8", kind));
    }

    private static void bindKinds(
            Connection connection, PreparedStatement statement, List<Kind> kinds)
            throws SQLException {
        Object[] occurrences = kinds.stream().map(k -> k.occurrence().occurrenceId()).toArray();
        Object[] events = kinds.stream().map(k -> k.occurrence().eventId()).toArray();
        Object[] rewards = kinds.stream().map(k -> k.rule().rewardId()).toArray();
        Object[] types = kinds.stream().map(k -> k.rule().rewardType()).toArray();
        Object[] values = kinds.stream().map(k -> k.rule().value().toString()).toArray();
        Object[] automatic = kinds.stream().map(k -> k.rule().automatic()).toArray();
        statement.setArray(9, connection.createArrayOf("uuid", occurrences));
        statement.setArray(10, connection.createArrayOf("varchar", events));
        statement.setArray(11, connection.createArrayOf("varchar", rewards));
        statement.setArray(12, connection.createArrayOf("varchar", types));
        statement.setArray(13, connection.createArrayOf("text", values));
        statement.setArray(14, connection.createArrayOf("bool", automatic));
    }
}
