package dev.jubilee.server.credentials;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The rotating secrets that sign our own tokens, shared by all instances through PostgreSQL. The
 * newest signs; each verifies until the last token that it may have signed has expired.
 * Thread-safe.
 */
final class TokenKeys {
    /** What the header of every token of ours begins with: 36 bytes, which Base64 writes whole. */
    static final String OUR_HEADER = base64("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"jb");

    private static final String ALGORITHM = "HmacSHA256";
    private static final long LOCK = 0x6A62_6C5F_746F_6B65L;

    /**
     * @param header the first part of a token, as it is written; so no token chooses its own
     *     algorithm
     */
    record TokenKey(String header, SecretKey secret, Instant createdAt, Instant retiresAt) {}

    private final Database database;
    private final InstantSource clock;
    private final Duration rotation;
    private final Duration longestToken;
    private final Secrets secrets = new Secrets();
    private final Refresh refresh = new Refresh(this::read);
    private volatile Map<String, TokenKey> byHeader = Map.of();
    private volatile @Nullable TokenKey newest;

    TokenKeys(Database database, InstantSource clock, Duration rotation, Duration longestToken) {
        this.database = database;
        this.clock = clock;
        this.rotation = rotation;
        this.longestToken = longestToken;
    }

    /**
     * The key whose tokens begin with this header; null when it is not known here. Never blocks.
     */
    @Nullable TokenKey known(String header) {
        TokenKey key = byHeader.get(header);
        return key == null || clock.instant().isAfter(key.retiresAt()) ? null : key;
    }

    /** The same by the database's word. */
    @Nullable TokenKey find(String header) {
        if (known(header) == null) {
            refresh.run();
        }
        return known(header);
    }

    /** The key that signs now. */
    TokenKey signing() {
        TokenKey key = newest;
        if (key == null || isDue(key)) {
            rotate();
            key = newest;
        }
        if (key == null) {
            throw new IllegalStateException("there is no token key after a rotation");
        }
        return key;
    }

    /** Makes the next key when it is time, and reads what other instances made. */
    void rotate() {
        refresh.run();
        TokenKey key = newest;
        if (key == null || isDue(key)) {
            database.transaction(connection -> {
                lock(connection);
                forgetRetired(connection);
                return insertUnlessThere(connection);
            });
            refresh.run();
        }
    }

    /** Also when it was made for shorter tokens and would retire before one that it signs now. */
    private boolean isDue(TokenKey key) {
        Instant now = clock.instant();
        return !now.isBefore(key.createdAt().plus(rotation))
                || key.retiresAt().isBefore(now.plus(longestToken));
    }

    private void read() {
        Map<String, TokenKey> found = new HashMap<>();
        database.read(connection -> {
            String sql = "SELECT kid, secret, created_at, retires_at FROM platform.token_keys";
            try (PreparedStatement select = connection.prepareStatement(sql);
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    TokenKey key = key(row);
                    found.put(key.header(), key);
                }
            }
            return found;
        });
        byHeader = found;
        newest =
                found.values().stream()
                        .max(java.util.Comparator.comparing(TokenKey::createdAt))
                        .orElse(null);
    }

    private static TokenKey key(ResultSet row) throws SQLException {
        String header =
                "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"" + row.getString("kid") + "\"}";
        return new TokenKey(
                base64(header),
                new SecretKeySpec(row.getBytes("secret"), ALGORITHM),
                Timestamps.instant(row, "created_at"),
                Timestamps.instant(row, "retires_at"));
    }

    private int insertUnlessThere(Connection connection) throws SQLException {
        String sql =
                """
                INSERT INTO platform.token_keys (kid, secret, created_at, retires_at)
                SELECT ?, ?, ?, ?
                 WHERE NOT EXISTS (
                    SELECT FROM (SELECT * FROM platform.token_keys ORDER BY created_at DESC LIMIT 1) newest
                     WHERE newest.created_at > ? AND newest.retires_at >= ?)
                """;
        Instant now = clock.instant();
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, "jbl-" + UUID.randomUUID());
            insert.setBytes(2, secrets.bytes());
            insert.setObject(3, Timestamps.utc(now));
            // A minute more than needed, for clocks that differ.
            insert.setObject(
                    4, Timestamps.utc(now.plus(rotation).plus(longestToken).plusSeconds(60)));
            insert.setObject(5, Timestamps.utc(now.minus(rotation)));
            insert.setObject(6, Timestamps.utc(now.plus(longestToken)));
            return insert.executeUpdate();
        }
    }

    private void forgetRetired(Connection connection) throws SQLException {
        String sql = "DELETE FROM platform.token_keys WHERE retires_at < ?";
        try (PreparedStatement delete = connection.prepareStatement(sql)) {
            delete.setObject(1, Timestamps.utc(clock.instant()));
            delete.executeUpdate();
        }
    }

    private static void lock(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_advisory_xact_lock(?)")) {
            statement.setLong(1, LOCK);
            statement.execute();
        }
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }
}
