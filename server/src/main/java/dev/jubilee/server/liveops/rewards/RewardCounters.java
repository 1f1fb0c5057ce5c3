package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.SqlArray;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The claim counters of one transaction, locked in key order before anything is decided, so that
 * caps hold and no two batches wait for each other. Used by one thread.
 */
final class RewardCounters {
    /**
     * A reward within an occurrence.
     *
     * @param eventId follows from the occurrence
     */
    record Key(UUID occurrenceId, String eventId, String rewardId) {}

    private static final class Counter {
        final long free;
        int taken;

        Counter(long free) {
            this.free = free;
        }
    }

    private final Map<Key, Counter> counters = new HashMap<>();

    private RewardCounters() {}

    /** Of no reward. */
    static RewardCounters none() {
        return new RewardCounters();
    }

    /** Locks the counters of all these rewards; one that is not there yet is made. */
    static RewardCounters lock(Connection connection, Collection<Key> keys) throws SQLException {
        RewardCounters locked = new RewardCounters();
        Set<Key> wanted = new LinkedHashSet<>(keys);
        if (wanted.isEmpty()) {
            return locked;
        }
        locked.read(connection, wanted);
        if (locked.counters.size() < wanted.size()) {
            make(connection, wanted);
            locked.read(connection, wanted);
        }
        return locked;
    }

    /** Counts one more claim, unless the cap is reached. */
    boolean take(Key key) {
        Counter counter = counters.get(key);
        if (counter == null || counter.taken >= counter.free) {
            return false;
        }
        counter.taken++;
        return true;
    }

    /** Writes what was taken. */
    void write(Connection connection) throws SQLException {
        List<Map.Entry<Key, Counter>> taken =
                counters.entrySet().stream().filter(e -> e.getValue().taken > 0).toList();
        if (taken.isEmpty()) {
            return;
        }
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        UPDATE liveops.occurrence_rewards r
                           SET current_claims = r.current_claims + t.taken
                          FROM unnest(?, ?, ?) AS t (occurrence_id, reward_id, taken)
                         WHERE r.occurrence_id = t.occurrence_id AND r.reward_id = t.reward_id
                        """)) {
            bind(connection, statement, taken.stream().map(Map.Entry::getKey).toList());
            Object[] amounts = taken.stream().map(e -> e.getValue().taken).toArray();
            statement.setArray(3, connection.createArrayOf("int4", amounts));
            statement.executeUpdate();
        }
    }

    private void read(Connection connection, Set<Key> keys) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        SELECT r.occurrence_id, r.event_id, r.reward_id, r.max_claims, r.current_claims
                          FROM liveops.occurrence_rewards r
                          JOIN unnest(?, ?) AS k (occurrence_id, reward_id)
                            ON r.occurrence_id = k.occurrence_id AND r.reward_id = k.reward_id
                         ORDER BY r.occurrence_id, r.reward_id
                           FOR UPDATE OF r
                        """)) {
            bind(connection, statement, keys);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Key key =
                            new Key(
                                    rows.getObject(1, UUID.class),
                                    rows.getString(2),
                                    rows.getString(3));
                    @Nullable Integer max = rows.getObject(4, Integer.class);
                    long free = max == null ? Long.MAX_VALUE : (long) max - rows.getInt(5);
                    counters.put(key, new Counter(free));
                }
            }
        }
    }

    /** The cap is the one of the configuration that was frozen into the occurrence. */
    private static void make(Connection connection, Collection<Key> keys) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement(
                        """
                        INSERT INTO liveops.occurrence_rewards (occurrence_id, event_id, reward_id, max_claims)
                        SELECT o.occurrence_id, o.event_id, k.reward_id, (
                                   SELECT (r ->> 'max_claims')::integer
                                     FROM jsonb_array_elements(o.config -> 'rewards') r
                                    WHERE r ->> 'reward_id' = k.reward_id)
                          FROM unnest(?, ?) AS k (occurrence_id, reward_id)
                          JOIN liveops.occurrences o ON o.occurrence_id = k.occurrence_id
                         ORDER BY 1, 3
                            ON CONFLICT DO NOTHING
                        """)) {
            bind(connection, statement, keys);
            statement.executeUpdate();
        }
    }

    private static void bind(
            Connection connection, PreparedStatement statement, Collection<Key> keys)
            throws SQLException {
        List<UUID> occurrences = keys.stream().map(Key::occurrenceId).toList();
        String[] rewards = keys.stream().map(Key::rewardId).toArray(String[]::new);
        statement.setObject(1, SqlArray.uuids(occurrences));
        statement.setArray(2, connection.createArrayOf("varchar", rewards));
    }
}
