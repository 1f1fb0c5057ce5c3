package dev.jubilee.events.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.RedisURI;
import java.net.URLEncoder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a Redis server is.
 *
 * @param uri such as {@code redis://localhost:6379/1}, with a password {@code
 *     redis://:secret@localhost:6379}, with TLS {@code rediss://}
 */
public record RedisAddress(String uri) {
    private static final int HIGHEST_PORT = 65_535;

    /**
     * Checks the address.
     *
     * @throws IllegalArgumentException if it is none
     */
    public RedisAddress {
        RedisURI unused = RedisURI.create(uri);
    }

    /**
     * As the environment says: {@code <prefix>_HOST} (localhost), {@code <prefix>_PORT} (6379),
     * {@code <prefix>_DB} (the default given) and {@code <prefix>_PASSWORD} (none).
     *
     * @throws IllegalArgumentException if a value is not allowed
     */
    public static RedisAddress fromEnvironment(
            Map<String, String> environment, String prefix, int database) {
        String host = environment.getOrDefault(prefix + "_HOST", "localhost");
        int port = number(environment, prefix + "_PORT", 6379, HIGHEST_PORT);
        int db = number(environment, prefix + "_DB", database, Integer.MAX_VALUE);
        return of(host, port, db, environment.get(prefix + "_PASSWORD"));
    }

    /**
     * Of the event store, as the environment says: {@code REDIS_EVENT_STORE_HOST} (localhost),
     * {@code REDIS_EVENT_STORE_PORT} (6379), {@code REDIS_EVENT_STORE_DB} (1) and {@code
     * REDIS_EVENT_STORE_PASSWORD} (none).
     *
     * @throws IllegalArgumentException if a value is not allowed
     */
    public static RedisAddress ofEventStore(Map<String, String> environment) {
        return fromEnvironment(environment, "REDIS_EVENT_STORE", 1);
    }

    /**
     * A server without TLS; null is no password.
     *
     * @throws IllegalArgumentException if it is no address
     */
    public static RedisAddress of(String host, int port, int database, @Nullable String password) {
        return new RedisAddress(
                "redis://%s%s:%d/%d".formatted(login(password), host, port, database));
    }

    private static String login(@Nullable String password) {
        return password == null || password.isEmpty()
                ? ""
                : ":" + URLEncoder.encode(password, UTF_8).replace("+", "%20") + "@";
    }

    private static int number(
            Map<String, String> environment, String name, int missing, int highest) {
        String value = environment.get(name);
        if (value == null) {
            return missing;
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= 0 && number <= highest) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, together with what is out of bounds.
        }
        throw new IllegalArgumentException(
                name + " must be a whole number from 0 to " + highest + ", was '" + value + "'");
    }

    /** Names the server, and not the password. */
    @Override
    public String toString() {
        RedisURI parsed = RedisURI.create(uri);
        return "%s:%d/%d".formatted(parsed.getHost(), parsed.getPort(), parsed.getDatabase());
    }
}
