package dev.jubilee.server.credentials;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells who calls, by API key, by a token of our own, or by one of a trusted issuer. On the event
 * loop it costs a SHA-256 or an HMAC; only what is not known yet asks the database or the issuer.
 * Thread-safe.
 */
public final class Credentials implements Authenticator, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Credentials.class);
    private static final String SCHEME = "Bearer ";
    private static final long REREAD_MILLIS = 500;
    private static final long ROTATE_MILLIS = Duration.ofSeconds(30).toMillis();

    private final Database database;
    private final Audit audit;
    private final CredentialSettings settings;
    private final ApiKeys keys;
    private final TokenKeys tokenKeys;
    private final PlayerTokens tokens;
    private final @Nullable ForeignTokens foreign;
    private final ScheduledExecutorService chores =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("credentials").daemon().factory());
    private volatile boolean failing;

    /**
     * @param news tells of keys that other instances made or revoked
     */
    public Credentials(
            Database database,
            ChangeFeed news,
            InstantSource clock,
            Audit audit,
            CredentialSettings settings) {
        this.database = database;
        this.audit = audit;
        this.settings = settings;
        this.keys = new ApiKeys(database, clock);
        this.tokenKeys =
                new TokenKeys(
                        database, clock, settings.tokenKeyRotation(), settings.playerTokenMaxTtl());
        this.tokens = new PlayerTokens(tokenKeys, clock);
        this.foreign =
                settings.foreign() == null ? null : new ForeignTokens(settings.foreign(), clock);
        news.on(ApiKeys.SUBJECT, id -> chores.execute(() -> chore(keys::refresh)));
    }

    /**
     * Reads the keys, and makes what is missing: the first admin key and a secret for tokens.
     *
     * @param home where {@code admin.key} is kept
     * @param ownDatabase whether the database belongs to this data folder alone
     * @return the file of the admin key
     */
    public Path start(Path home, boolean ownDatabase) {
        Path file = new AdminKey(database, keys, audit, home).ensure(ownDatabase);
        tokenKeys.rotate();
        var _ =
                chores.scheduleWithFixedDelay(
                        () -> chore(keys::refresh),
                        REREAD_MILLIS,
                        REREAD_MILLIS,
                        TimeUnit.MILLISECONDS);
        var _ =
                chores.scheduleWithFixedDelay(
                        () -> chore(tokenKeys::rotate),
                        ROTATE_MILLIS,
                        ROTATE_MILLIS,
                        TimeUnit.MILLISECONDS);
        return file;
    }

    /** {@code /keys} and {@code /tokens}. */
    public Routes routes(Idempotency idempotency) {
        return new CredentialRoutes(
                new CredentialRoutes.Keys(database, keys, audit, idempotency),
                new CredentialRoutes.Tokens(tokens, settings));
    }

    @Override
    public void close() {
        chores.shutdownNow();
    }

    @Override
    public @Nullable Principal cached(String authorization) {
        String secret = secret(authorization);
        if (secret == null) {
            return null;
        }
        if (secret.startsWith(ApiKeys.PREFIX)) {
            return keys.known(secret);
        }
        if (secret.startsWith(TokenKeys.OUR_HEADER)) {
            return tokens.verify(secret);
        }
        return foreign == null ? null : foreign.known(secret);
    }

    @Override
    public @Nullable Principal authenticate(String authorization) {
        String secret = secret(authorization);
        if (secret == null) {
            return null;
        }
        if (secret.startsWith(ApiKeys.PREFIX)) {
            return keys.find(secret);
        }
        if (secret.startsWith(TokenKeys.OUR_HEADER)) {
            return tokens.find(secret);
        }
        return foreign == null ? null : foreign.find(secret);
    }

    private static @Nullable String secret(String authorization) {
        return authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                ? authorization.substring(SCHEME.length()).strip()
                : null;
    }

    private void chore(Runnable work) {
        try {
            work.run();
            failing = false;
        } catch (RuntimeException | Error e) {
            // Whatever it is: the schedule would end without a word.
            if (!failing) {
                failing = true;
                log.warn("keys are not read anew for now: {}", e.getMessage());
            }
        }
    }
}
