package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.redis.RedisAddress;
import dev.jubilee.events.redis.RedisPubSubEventBus;
import dev.jubilee.events.redis.RedisSettings;
import dev.jubilee.events.redis.RedisStreamsEventBus;

/** The bus on Redis Streams, as {@code jubilee.events.redis} describes it. */
final class RedisTransport implements BusTransport {
    private final JubileeEventsProperties.Redis redis;

    RedisTransport(JubileeEventsProperties.Redis redis) {
        this.redis = redis;
    }

    /** The same server's Pub/Sub, which keeps nothing: only for an application that asks for it. */
    record PubSub(JubileeEventsProperties.Redis redis) implements BusTransport {
        @Override
        public String name() {
            return "redis-pubsub";
        }

        @Override
        public boolean isConfigured() {
            return false;
        }

        @Override
        public EventBus open(EventCodec codec, BusSettings settings) {
            return new RedisPubSubEventBus(settings(redis, settings), codec);
        }

        @Override
        public void check(EventBus bus) {
            ((RedisPubSubEventBus) bus).ping(Transports.PATIENCE);
        }
    }

    @Override
    public String name() {
        return "redis";
    }

    @Override
    public boolean isConfigured() {
        return redis.hasServer();
    }

    @Override
    public EventBus open(EventCodec codec, BusSettings settings) {
        return new RedisStreamsEventBus(
                settings(redis, settings)
                        .withRetention(redis.retention())
                        .withMaxLength(redis.maxLength()),
                codec);
    }

    @Override
    public void check(EventBus bus) {
        ((RedisStreamsEventBus) bus).ping(Transports.PATIENCE);
    }

    private static RedisSettings settings(JubileeEventsProperties.Redis redis, BusSettings bus) {
        return RedisSettings.at(address(redis)).withStream(redis.stream()).withBus(bus);
    }

    /** Where the server is. */
    static RedisAddress address(JubileeEventsProperties.Redis redis) {
        if (redis.uri() != null) {
            return new RedisAddress(redis.uri());
        }
        if (redis.host() == null) {
            throw new IllegalStateException(
                    "the bus on Redis needs jubilee.events.redis.host or .uri, or REDIS_HOST");
        }
        return RedisAddress.of(redis.host(), redis.port(), redis.database(), redis.password());
    }
}
