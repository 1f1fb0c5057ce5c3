package dev.jubilee.events.redis;

import dev.jubilee.events.TopicName;
import dev.jubilee.events.core.BusSettings;
import java.time.Duration;
import java.util.Map;

/**
 * How a bus uses Redis.
 *
 * @param stream the key of the stream that carries the events; with Pub/Sub, what the names of
 *     channels begin with
 * @param retention for how long the stream keeps what every durable subscription has handled, for
 *     those that are not durable, while there is room; Pub/Sub does not use it
 * @param maxLength how many events the stream may hold; when durable subscriptions have not handled
 *     so many, publishing fails until they have; Pub/Sub does not use it
 * @param bus what every bus is told
 */
public record RedisSettings(
        RedisAddress address, String stream, Duration retention, long maxLength, BusSettings bus) {
    private static final Duration DEFAULT_RETENTION = Duration.ofMinutes(5);
    private static final long DEFAULT_LENGTH = 1_000_000;

    public RedisSettings {
        TopicName.require(stream);
        if (retention.isNegative()) {
            throw new IllegalArgumentException("'retention' must be 0 or more, was " + retention);
        }
        if (maxLength < 1) {
            throw new IllegalArgumentException("'maxLength' must be 1 or more, was " + maxLength);
        }
    }

    /** The stream {@code event-bus}, of at most a million events, kept for five minutes. */
    public static RedisSettings at(String uri) {
        return at(new RedisAddress(uri));
    }

    /** The same, of an address that is known to be one. */
    public static RedisSettings at(RedisAddress address) {
        return new RedisSettings(
                address, "event-bus", DEFAULT_RETENTION, DEFAULT_LENGTH, BusSettings.defaults());
    }

    /**
     * As the environment says: {@code REDIS_HOST} (localhost), {@code REDIS_PORT} (6379), {@code
     * REDIS_DB} (0), {@code REDIS_PASSWORD} (none), and those of {@link
     * BusSettings#fromEnvironment}.
     *
     * @throws IllegalArgumentException if a value is not allowed
     */
    public static RedisSettings fromEnvironment(Map<String, String> environment) {
        return at(RedisAddress.fromEnvironment(environment, "REDIS", 0))
                .withBus(BusSettings.fromEnvironment(environment));
    }

    public RedisSettings withStream(String other) {
        return new RedisSettings(address, other, retention, maxLength, bus);
    }

    public RedisSettings withRetention(Duration other) {
        return new RedisSettings(address, stream, other, maxLength, bus);
    }

    public RedisSettings withMaxLength(long other) {
        return new RedisSettings(address, stream, retention, other, bus);
    }

    public RedisSettings withBus(BusSettings other) {
        return new RedisSettings(address, stream, retention, maxLength, other);
    }
}
