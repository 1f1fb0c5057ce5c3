package dev.jubilee.server.players;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.json.Json;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What game services said of players, cached: a change shows on every instance within milliseconds,
 * and within ten seconds even when its news is lost. Thread-safe; blocks on a miss.
 */
public final class Players {
    private static final String SUBJECT = "players";

    /** Of what is cached, by an estimate of {@link #weigh}. */
    private static final int MAX_CACHED_BYTES = 20 << 20;

    private static final int PLAIN_BYTES = 200;
    private static final int NODE_BYTES = 100;

    private final Database database;
    private final InstantSource clock;
    private final LoadingCache<String, Player> cache;
    private final AtomicLong forgotten = new AtomicLong();

    public Players(Database database, ChangeFeed feed, InstantSource clock) {
        this.database = database;
        this.clock = clock;
        this.cache =
                Caffeine.newBuilder()
                        .maximumWeight(MAX_CACHED_BYTES)
                        .weigher((String userId, Player player) -> weigh(player))
                        .expireAfterWrite(Duration.ofSeconds(10))
                        .build(new Loader());
        feed.on(SUBJECT, this::forget);
    }

    /**
     * About how many bytes it takes; a text counts by its length, whatever is inside another too.
     */
    private static int weigh(Player player) {
        return PLAIN_BYTES + weigh(player.attributes());
    }

    private static int weigh(JsonNode node) {
        int bytes = node.isString() ? NODE_BYTES + node.asString().length() : NODE_BYTES;
        for (JsonNode inside : node) {
            bytes += weigh(inside);
        }
        return node.isEmpty() && node.isObject() ? 0 : bytes;
    }

    /** A player; {@link Player#unknown} when nothing has been said of it. */
    public Player get(String userId) {
        return cache.get(userId);
    }

    /** Many players by id, in one query for those that are not cached. */
    public Map<String, Player> getAll(Collection<String> userIds) {
        long before = forgotten.get();
        Map<String, Player> players = cache.getAll(userIds);
        // What is loaded together is cached also if it was forgotten meanwhile.
        if (forgotten.get() != before) {
            cache.invalidateAll(userIds);
        }
        return players;
    }

    /** A player as it stands in the database; null when nothing has been said of it. */
    @Nullable Player read(String userId) {
        return select(Set.of(userId)).get(userId);
    }

    /** Sets what is given and keeps what is null; answers what now holds. */
    Player put(
            Connection connection,
            String userId,
            @Nullable Integer level,
            @Nullable String segment,
            @Nullable JsonNode attributes)
            throws SQLException {
        try (PreparedStatement upsert =
                connection.prepareStatement(
                        """
                        INSERT INTO liveops.players AS p (user_id, level, segment, attributes, updated_at)
                        VALUES (?, coalesce(?::integer, 0), coalesce(?::text, ''), coalesce(?::jsonb, '{}'), ?)
                        ON CONFLICT (user_id) DO UPDATE
                           SET level = coalesce(?::integer, p.level), segment = coalesce(?::text, p.segment),
                               attributes = coalesce(?::jsonb, p.attributes), updated_at = excluded.updated_at
                        RETURNING user_id, level, segment, attributes
                        """)) {
            upsert.setString(1, userId);
            String attributesText = attributes == null ? null : Json.text(attributes);
            for (int first : new int[] {2, 6}) {
                upsert.setObject(first, level);
                upsert.setString(first + 1, segment);
                upsert.setString(first + 2, attributesText);
            }
            upsert.setObject(5, Timestamps.utc(clock.instant()));
            ResultSet row = upsert.executeQuery();
            row.next();
            Player player = player(row);
            ChangeFeed.announce(connection, SUBJECT, userId);
            return player;
        }
    }

    /** Lets the next reader ask the database; an empty id means everybody. */
    void forget(String userId) {
        forgotten.incrementAndGet();
        if (userId.isEmpty()) {
            cache.invalidateAll();
        } else {
            cache.invalidate(userId);
        }
    }

    private Map<String, Player> select(Set<? extends String> userIds) {
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT user_id, level, segment, attributes
                              FROM liveops.players WHERE user_id = ANY (?)
                            """)) {
                select.setArray(1, connection.createArrayOf("text", userIds.toArray()));
                ResultSet row = select.executeQuery();
                Map<String, Player> found = new HashMap<>();
                while (row.next()) {
                    Player player = player(row);
                    found.put(player.userId(), player);
                }
                return found;
            }
        });
    }

    private static Player player(ResultSet row) throws SQLException {
        return new Player(
                row.getString("user_id"),
                row.getInt("level"),
                row.getString("segment"),
                Json.tree(row.getString("attributes")));
    }

    private final class Loader
            implements com.github.benmanes.caffeine.cache.CacheLoader<String, Player> {
        @Override
        public Player load(String userId) {
            return select(Set.of(userId)).getOrDefault(userId, Player.unknown(userId));
        }

        @Override
        public Map<String, Player> loadAll(Set<? extends String> userIds) {
            Map<String, Player> found = select(userIds);
            userIds.forEach(id -> found.putIfAbsent(id, Player.unknown(id)));
            return found;
        }
    }
}
