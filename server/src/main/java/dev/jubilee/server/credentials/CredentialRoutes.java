package dev.jubilee.server.credentials;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Limit;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Role;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The HTTP face of keys and tokens. */
final class CredentialRoutes implements Routes {
    /** What the routes of keys need. */
    record Keys(Database database, ApiKeys keys, Audit audit, Idempotency idempotency) {}

    /** What the routes of tokens need. */
    record Tokens(PlayerTokens tokens, CredentialSettings settings) {}

    private static final List<String> KEY_ROLES = List.of("admin", "operator", "service");
    private static final int MAX_NAME = 100;

    private final Keys keys;
    private final Tokens tokens;

    CredentialRoutes(Keys keys, Tokens tokens) {
        this.keys = keys;
        this.tokens = tokens;
    }

    @Override
    public void on(Router router) {
        router.post("/keys", Access.ADMIN, this::makeKey)
                .get("/keys", Access.ADMIN, this::listKeys)
                .query("page", "limit")
                .delete("/keys/{key_id}", Access.ADMIN, this::revokeKey)
                .post("/tokens", Access.SERVICE, this::makeToken)
                .limit(Limit.NONE);
    }

    /** The stored answer of a repetition has all but the secret, which is kept nowhere. */
    private Reply makeKey(Call call) {
        Input input = call.input();
        String name = input.text("name", MAX_NAME);
        String role = input.oneOf("role", KEY_ROLES);
        input.check();
        AtomicReference<ApiKey.@Nullable Made> made = new AtomicReference<>();
        Reply answer =
                keys.idempotency()
                        .once(
                                call,
                                connection -> {
                                    ApiKey.Made key = make(connection, call, name, Role.of(role));
                                    made.set(key);
                                    return Reply.created(view(key.key(), null));
                                });
        ApiKey.Made key = made.get();
        return key == null ? answer : Reply.created(view(key.key(), key.secret()));
    }

    private ApiKey.Made make(Connection connection, Call call, String name, Role role)
            throws SQLException {
        ApiKey.Made made = keys.keys().make(connection, name, role);
        keys.audit()
                .record(
                        connection,
                        call.principal(),
                        "key.create",
                        made.key().keyId().toString(),
                        Map.of("name", name, "role", role.text()));
        return made;
    }

    private Reply listKeys(Call call) {
        Page page = Page.of(call);
        ApiKeys.Listed listed = keys.keys().list(page.offset(), page.limit());
        return Reply.ok(
                Map.of(
                        "keys",
                        listed.keys().stream().map(key -> view(key, null)).toList(),
                        "total",
                        listed.total(),
                        "page",
                        page.number(),
                        "limit",
                        page.limit()));
    }

    private Reply revokeKey(Call call) {
        UUID keyId = uuid(call.path("key_id"));
        Reply reply = keys.database().transaction(connection -> revoke(connection, call, keyId));
        keys.keys().refresh();
        return reply;
    }

    private Reply revoke(Connection connection, Call call, UUID keyId) throws SQLException {
        int admins = keys.keys().lockAdmins(connection);
        ApiKey key =
                keys.keys()
                        .find(connection, keyId)
                        .orElseThrow(() -> Problem.notFound("key", keyId.toString()).asException());
        if (key.revokedAt() != null) {
            return Reply.noContent();
        }
        if (key.role() == Role.ADMIN && admins == 1) {
            throw Problem.conflict(
                            "last_admin_key", "This is the last admin key; make another one first.")
                    .asException();
        }
        keys.keys().revoke(connection, keyId);
        keys.audit()
                .record(
                        connection,
                        call.principal(),
                        "key.revoke",
                        keyId.toString(),
                        Map.of("name", key.name()));
        return Reply.noContent();
    }

    private static Map<String, Object> view(ApiKey key, @Nullable String secret) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("key_id", key.keyId());
        view.put("name", key.name());
        view.put("role", key.role().text());
        if (secret != null) {
            view.put("key", secret);
        }
        view.put("created_at", key.createdAt());
        if (key.revokedAt() != null) {
            view.put("revoked_at", key.revokedAt());
        }
        return view;
    }

    private static UUID uuid(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw Problem.notFound("key", text).asException();
        }
    }

    private Reply makeToken(Call call) {
        Input input = call.input();
        String userId = input.player("user_id");
        long longest = tokens.settings().playerTokenMaxTtl().toSeconds();
        Long seconds = input.optionalInteger("ttl_seconds", 1, longest);
        input.check();
        Duration ttl =
                seconds == null ? tokens.settings().playerTokenTtl() : Duration.ofSeconds(seconds);
        PlayerTokens.Made made = tokens.tokens().make(userId, ttl);
        return Reply.created(
                Map.of(
                        "token",
                        made.token(),
                        "token_type",
                        "Bearer",
                        "user_id",
                        userId,
                        "expires_at",
                        made.expiresAt(),
                        "expires_in",
                        ttl.toSeconds()));
    }
}
