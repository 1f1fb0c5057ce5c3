package dev.jubilee.server.credentials;

import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The API keys: random secrets of which the database keeps the SHA-256. Every instance holds the
 * valid ones in memory (they are few: one a game server or a person), reads them anew when another
 * announces a change, and twice a second in any case, so that a revoked key is refused everywhere
 * within a second. While PostgreSQL cannot be reached, the keys that were valid stay so.
 * Thread-safe.
 */
final class ApiKeys {
    static final String SUBJECT = "api_keys";
    static final String PREFIX = "jbl_";

    private static final Pattern SHAPE =
            Pattern.compile("jbl_(admin|operator|service)_[A-Za-z0-9_-]{43}");

    private final Database database;
    private final InstantSource clock;
    private final Secrets secrets = new Secrets();
    private final Refresh refresh = new Refresh(this::read);
    private volatile Map<ByteBuffer, Principal> valid = Map.of();

    ApiKeys(Database database, InstantSource clock) {
        this.database = database;
        this.clock = clock;
    }

    /** Who holds this key, as far as is known here; never blocks. */
    @Nullable Principal known(String secret) {
        return valid.get(ByteBuffer.wrap(Secrets.sha256(secret)));
    }

    /** Who holds this key by the database's word; many unknown keys at once cost one reading. */
    @Nullable Principal find(String secret) {
        Principal known = known(secret);
        if (known == null && SHAPE.matcher(secret).matches()) {
            refresh.run();
            known = known(secret);
        }
        return known;
    }

    /** Reads the valid keys anew. */
    void refresh() {
        refresh.run();
    }

    private void read() {
        Map<ByteBuffer, Principal> found = new HashMap<>();
        database.read(connection -> {
            String sql =
                    "SELECT key_id, role, hash FROM platform.api_keys WHERE revoked_at IS NULL";
            try (PreparedStatement select = connection.prepareStatement(sql);
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.put(
                            ByteBuffer.wrap(row.getBytes("hash")),
                            new Principal(row.getString("key_id"), Role.of(row.getString("role"))));
                }
            }
            return found;
        });
        valid = found;
    }

    /** Makes a key; it is valid everywhere when the transaction commits. */
    ApiKey.Made make(Connection connection, String name, Role role) throws SQLException {
        String secret = PREFIX + role.text() + "_" + secrets.text();
        ApiKey key = new ApiKey(UUID.randomUUID(), name, role, clock.instant(), null);
        String sql =
                """
                INSERT INTO platform.api_keys (key_id, name, role, hash, created_at)
                VALUES (?, ?, ?, ?, ?)
                """;
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setObject(1, key.keyId());
            insert.setString(2, name);
            insert.setString(3, role.text());
            insert.setBytes(4, Secrets.sha256(secret));
            insert.setObject(5, Timestamps.utc(key.createdAt()));
            insert.executeUpdate();
        }
        ChangeFeed.announce(connection, SUBJECT, key.keyId().toString());
        return new ApiKey.Made(key, secret);
    }

    /** Revokes a key; false when there is no such valid key. */
    boolean revoke(Connection connection, UUID keyId) throws SQLException {
        String sql =
                "UPDATE platform.api_keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL";
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            update.setObject(1, Timestamps.utc(clock.instant()));
            update.setObject(2, keyId);
            boolean revoked = update.executeUpdate() == 1;
            if (revoked) {
                ChangeFeed.announce(connection, SUBJECT, keyId.toString());
            }
            return revoked;
        }
    }

    /** One key, valid or not. */
    Optional<ApiKey> find(Connection connection, UUID keyId) throws SQLException {
        String sql =
                """
                SELECT key_id, name, role, created_at, revoked_at
                  FROM platform.api_keys WHERE key_id = ?
                """;
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, keyId);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(key(row)) : Optional.empty();
            }
        }
    }

    /** The valid keys of a name and role. */
    List<UUID> named(Connection connection, String name, Role role) throws SQLException {
        String sql =
                """
                SELECT key_id FROM platform.api_keys
                 WHERE name = ? AND role = ? AND revoked_at IS NULL
                """;
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, name);
            select.setString(2, role.text());
            List<UUID> ids = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    ids.add(row.getObject(1, UUID.class));
                }
            }
            return ids;
        }
    }

    /** How many valid admin keys there are; none is revoked until the transaction ends. */
    int lockAdmins(Connection connection) throws SQLException {
        String sql =
                """
                SELECT key_id FROM platform.api_keys
                 WHERE role = 'admin' AND revoked_at IS NULL ORDER BY key_id FOR UPDATE
                """;
        try (PreparedStatement select = connection.prepareStatement(sql);
                ResultSet row = select.executeQuery()) {
            int count = 0;
            while (row.next()) {
                count++;
            }
            return count;
        }
    }

    /** A part of all keys, newest first, and how many there are. */
    Listed list(int offset, int limit) {
        String sql =
                """
                SELECT key_id, name, role, created_at, revoked_at, count(*) OVER () AS total
                  FROM platform.api_keys ORDER BY created_at DESC, key_id LIMIT ? OFFSET ?
                """;
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(sql)) {
                select.setInt(1, limit);
                select.setInt(2, offset);
                List<ApiKey> keys = new ArrayList<>();
                int total = offset;
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        keys.add(key(row));
                        total = row.getInt("total");
                    }
                }
                return new Listed(keys, total);
            }
        });
    }

    record Listed(List<ApiKey> keys, int total) {}

    private static ApiKey key(ResultSet row) throws SQLException {
        return new ApiKey(
                row.getObject("key_id", UUID.class),
                row.getString("name"),
                Role.of(row.getString("role")),
                Timestamps.instant(row, "created_at"),
                Timestamps.instantOrNull(row, "revoked_at"));
    }
}
