package dev.jubilee.server.idempotency;

import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Writes that take {@code Idempotency-Key}. The key and the answer are written in the transaction
 * of the effect: both or neither. A repetition with the same body gets the stored answer, marked
 * {@code Idempotent-Replayed: true}; one with another body is refused. Of several at the same
 * moment one runs and the others wait for its answer, on any instance: PostgreSQL's unique index
 * holds them. A refusal has no effect, so it is not stored, and a repetition is judged anew.
 * Thread-safe.
 */
public final class Idempotency implements AutoCloseable {
    private static final int MAX_KEY = 255;
    private static final int ATTEMPTS = 5;

    private record Stored(byte[] requestHash, Reply reply) {}

    private final Database database;
    private final InstantSource clock;
    private final Duration retention;
    private final ScheduledExecutorService purger =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("idempotency-purge").daemon().factory());

    /**
     * @param retention how long an answer is kept
     */
    public Idempotency(Database database, InstantSource clock, Duration retention) {
        this.database = database;
        this.clock = clock;
        this.retention = retention;
    }

    /** Begins to forget old keys. */
    public void start() {
        PeriodicTask.named("idempotency purge", this::purge)
                .repeat(purger, Duration.ofMinutes(1), Duration.ofMinutes(15));
    }

    @Override
    public void close() {
        purger.shutdownNow();
    }

    /**
     * Runs the work in one transaction, once for each key of a caller; without a key simply runs
     * it.
     *
     * @throws dev.jubilee.server.http.ProblemException 400 for a key that is none, 422 for a key
     *     that was used for another request
     * @throws DatabaseException when PostgreSQL refuses or cannot be reached
     */
    public Reply once(Call call, Database.Work<Reply> work) {
        String key = keyOf(call);
        if (key == null) {
            return database.transaction(work);
        }
        byte[] hash = hash(call);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<Reply> reply =
                    database.transaction(connection -> in(connection, call, key, hash, work));
            if (reply.isPresent()) {
                return reply.get();
            }
        }
        throw Problem.unavailable(
                        "idempotency_key_busy",
                        "The same Idempotency-Key is in use by other requests.",
                        Duration.ofSeconds(1))
                .asException();
    }

    /**
     * The answer to an earlier run of the same request; empty when there is none yet. For requests
     * that have something to do before the work that is done once.
     *
     * @throws dev.jubilee.server.http.ProblemException as {@link #once} does
     */
    public Optional<Reply> known(Call call) {
        String key = keyOf(call);
        if (key == null) {
            return Optional.empty();
        }
        return database.read(connection -> {
            Stored stored = find(connection, principal(call), key);
            return stored == null ? Optional.empty() : Optional.of(replayed(stored, hash(call)));
        });
    }

    /** Empty when the key was forgotten between the conflict and the look. */
    private Optional<Reply> in(
            Connection connection, Call call, String key, byte[] hash, Database.Work<Reply> work)
            throws SQLException {
        String principal = principal(call);
        if (claim(connection, principal, key, hash)) {
            Reply reply = work.in(connection);
            store(connection, principal, key, reply);
            return Optional.of(reply);
        }
        Stored stored = find(connection, principal, key);
        return stored == null ? Optional.empty() : Optional.of(replayed(stored, hash));
    }

    private static String principal(Call call) {
        return call.principal().role().text() + ":" + call.principal().id();
    }

    private static Reply replayed(Stored stored, byte[] hash) {
        if (!MessageDigest.isEqual(stored.requestHash(), hash)) {
            throw Problem.refused(
                            "idempotency_key_reused",
                            "This Idempotency-Key was used for another request before.")
                    .asException();
        }
        return stored.reply().with("Idempotent-Replayed", "true");
    }

    /** Waits for whoever holds the same key right now. */
    private boolean claim(Connection connection, String principal, String key, byte[] hash)
            throws SQLException {
        String sql =
                """
                INSERT INTO platform.idempotency_keys (principal, key, request_hash, status, created_at)
                VALUES (?, ?, ?, 0, ?)
                ON CONFLICT DO NOTHING
                """;
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, principal);
            insert.setString(2, key);
            insert.setBytes(3, hash);
            insert.setObject(4, Timestamps.utc(clock.instant()));
            return insert.executeUpdate() == 1;
        }
    }

    private static void store(Connection connection, String principal, String key, Reply reply)
            throws SQLException {
        String sql =
                """
                UPDATE platform.idempotency_keys
                   SET status = ?, content_type = ?, headers = ?::jsonb, body = ?
                 WHERE principal = ? AND key = ?
                """;
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            update.setInt(1, reply.status());
            update.setString(2, reply.contentType());
            update.setString(3, Json.text(reply.headers()));
            update.setBytes(4, reply.body());
            update.setString(5, principal);
            update.setString(6, key);
            update.executeUpdate();
        }
    }

    private static @Nullable Stored find(Connection connection, String principal, String key)
            throws SQLException {
        String sql =
                """
                SELECT request_hash, status, content_type, headers, body
                  FROM platform.idempotency_keys WHERE principal = ? AND key = ?
                """;
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, principal);
            select.setString(2, key);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? new Stored(
                                row.getBytes(1),
                                new Reply(
                                        row.getInt(2),
                                        row.getString(3),
                                        row.getBytes(5),
                                        headers(row.getString(4))))
                        : null;
            }
        }
    }

    private static Map<String, String> headers(String json) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> header : Json.tree(json).properties()) {
            headers.put(header.getKey(), header.getValue().stringValue());
        }
        return headers;
    }

    /** Forgets keys older than the retention; answers how many. */
    int purge() {
        return database.transaction(connection -> {
            String sql = "DELETE FROM platform.idempotency_keys WHERE created_at < ?";
            try (PreparedStatement delete = connection.prepareStatement(sql)) {
                delete.setObject(1, Timestamps.utc(clock.instant().minus(retention)));
                return delete.executeUpdate();
            }
        });
    }

    /**
     * The request's {@code Idempotency-Key}; null when it has none.
     *
     * @throws dev.jubilee.server.http.ProblemException 400 when the key is empty, too long, or not
     *     printable ASCII
     */
    public static @Nullable String keyOf(Call call) {
        String key = call.header("Idempotency-Key");
        if (key != null
                && (key.isEmpty()
                        || key.length() > MAX_KEY
                        || !key.chars().allMatch(c -> c >= ' ' && c < 127))) {
            throw Problem.malformed("An Idempotency-Key has 1 to 255 printable ASCII characters.")
                    .asException();
        }
        return key;
    }

    private static byte[] hash(Call call) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            String line = call.route().method() + " " + call.uri() + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
            return digest.digest(call.body());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
