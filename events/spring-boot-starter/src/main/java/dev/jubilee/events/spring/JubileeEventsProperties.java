package dev.jubilee.events.spring;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.RetryStrategy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The settings of the starter.
 *
 * @param transport what the bus runs on: memory, kafka, rabbitmq, redis (Streams), redis-pubsub, or
 *     another that is on the class path. When it is not said, the one that is configured, and else
 *     memory.
 * @param source the source of the events that the application makes; its spring.application.name
 *     unless said otherwise.
 * @param environment what their metadata has as the environment; the first active profile unless
 *     said otherwise.
 * @param durableWherePossible whether a durable handler may be subscribed without durability on a
 *     transport that does not store events, as in a development environment. Otherwise the
 *     application does not start.
 * @param retry for handlers that say nothing else.
 * @param tracking counts and latencies of events.
 * @param kafka the bus on Kafka.
 * @param rabbitmq the bus on RabbitMQ.
 * @param redis the bus on Redis.
 * @param store the event store on the application's DataSource, or on Redis.
 */
@ConfigurationProperties("jubilee.events")
public record JubileeEventsProperties(
        @Nullable String transport,
        @Nullable String source,
        @Nullable String environment,
        @DefaultValue("false") boolean durableWherePossible,
        @DefaultValue Retry retry,
        @DefaultValue Tracking tracking,
        @DefaultValue Kafka kafka,
        @DefaultValue Rabbitmq rabbitmq,
        @DefaultValue Redis redis,
        @DefaultValue Store store) {

    /**
     * What happens when a handler fails.
     *
     * @param maxAttempts how often an event is handled at most, the first time included;
     *     EVENT_RETRY_MAX_ATTEMPTS.
     * @param delay the pause before each further attempt, in milliseconds unless a unit is given;
     *     EVENT_RETRY_DELAY.
     * @param maxDelay if there is one, the pause doubles each time, up to this.
     * @param deadLetters whether events that cannot be handled go to the dead letters, or are
     *     dropped with a log line; EVENT_DEAD_LETTER_ENABLED.
     */
    public record Retry(
            @DefaultValue("3") int maxAttempts,
            @DefaultValue("1s") Duration delay,
            @Nullable Duration maxDelay,
            @DefaultValue("true") boolean deadLetters) {

        /** The strategy that this describes. */
        RetryStrategy strategy() {
            Backoff backoff =
                    maxDelay == null ? Backoff.fixed(delay) : Backoff.exponential(delay, maxDelay);
            RetryStrategy strategy = RetryStrategy.attempts(maxAttempts).backoff(backoff);
            return deadLetters ? strategy : strategy.withoutDeadLetters();
        }
    }

    /**
     * Counts and latencies of events.
     *
     * @param enabled whether they are counted; EVENT_TRACKING_ENABLED.
     */
    public record Tracking(@DefaultValue("true") boolean enabled) {}

    /**
     * The bus on Kafka.
     *
     * @param brokers the addresses of some, by commas; KAFKA_BROKERS.
     * @param topic which carries all events that no route is for.
     * @param routes topics of their own for some types; the first that selects a type wins.
     * @param properties what else Kafka's clients are to be told, such as security.
     */
    public record Kafka(
            @Nullable String brokers,
            @DefaultValue("events") String topic,
            @DefaultValue List<Route> routes,
            @DefaultValue Map<String, String> properties) {
        /** Whether it is said where the server is. */
        boolean hasServer() {
            return brokers != null;
        }

        /**
         * A topic of its own.
         *
         * @param types the pattern of the types that go there.
         * @param topic where they go.
         */
        public record Route(String types, String topic) {}
    }

    /**
     * The bus on RabbitMQ.
     *
     * @param host the server; RABBITMQ_HOST.
     * @param port RABBITMQ_PORT.
     * @param username RABBITMQ_USERNAME.
     * @param password RABBITMQ_PASSWORD.
     * @param virtualHost RABBITMQ_VHOST.
     * @param exchange the topic exchange that carries the events.
     * @param acknowledgementTimeout the server's consumer_timeout; handlers whose retries may wait
     *     as long are refused.
     */
    public record Rabbitmq(
            @Nullable String host,
            @DefaultValue("5672") int port,
            @DefaultValue("guest") String username,
            @DefaultValue("guest") String password,
            @DefaultValue("/") String virtualHost,
            @DefaultValue("events") String exchange,
            @DefaultValue("30m") Duration acknowledgementTimeout) {
        /** Whether it is said where the server is. */
        boolean hasServer() {
            return host != null;
        }

        /** Names the server, and not the password. */
        @Override
        public String toString() {
            return "Rabbitmq[%s@%s:%d%s, exchange %s]"
                    .formatted(username, host, port, virtualHost, exchange);
        }
    }

    /**
     * The bus on Redis.
     *
     * @param uri the whole address, such as rediss://:secret@redis:6380/1; then host, port,
     *     database and password are not looked at.
     * @param host the server; REDIS_HOST.
     * @param port REDIS_PORT.
     * @param database REDIS_DB.
     * @param password REDIS_PASSWORD.
     * @param stream the stream that carries the events, or what the channels of Pub/Sub begin with.
     * @param retention for how long the stream keeps what every durable handler has handled.
     * @param maxLength how many events the stream holds at most.
     */
    public record Redis(
            @Nullable String uri,
            @Nullable String host,
            @DefaultValue("6379") int port,
            @DefaultValue("0") int database,
            @Nullable String password,
            @DefaultValue("event-bus") String stream,
            @DefaultValue("5m") Duration retention,
            @DefaultValue("1000000") long maxLength) {
        /** Whether it is said where the server is. */
        boolean hasServer() {
            return uri != null || host != null;
        }

        /** Names the server, and not the password. */
        @Override
        public String toString() {
            return "Redis[%s, stream %s]"
                    .formatted(uri == null ? host + ":" + port : "by uri", stream);
        }
    }

    /**
     * The event store: on Redis if it is said where that is, else on the application's DataSource
     * if that is of PostgreSQL.
     *
     * @param enabled whether there is one.
     * @param schema the PostgreSQL schema of its tables; each is a log of its own.
     * @param install whether the tables that are missing are made at start; otherwise a migration
     *     makes them, of EventStoreSchema.ddl.
     * @param redis the server that keeps the events, instead of PostgreSQL.
     */
    public record Store(
            @DefaultValue("true") boolean enabled,
            @DefaultValue("events") String schema,
            @DefaultValue("true") boolean install,
            @DefaultValue RedisStore redis) {}

    /**
     * The event store on Redis.
     *
     * @param uri the whole address, such as rediss://:secret@redis:6380/1; then host, port,
     *     database and password are not looked at.
     * @param host the server; REDIS_EVENT_STORE_HOST.
     * @param port REDIS_EVENT_STORE_PORT.
     * @param database REDIS_EVENT_STORE_DB.
     * @param password REDIS_EVENT_STORE_PASSWORD.
     * @param prefix what its keys begin with; each is a log of its own.
     */
    public record RedisStore(
            @Nullable String uri,
            @Nullable String host,
            @DefaultValue("6379") int port,
            @DefaultValue("1") int database,
            @Nullable String password,
            @DefaultValue("events") String prefix) {
        /** Names the server, and not the password. */
        @Override
        public String toString() {
            return "RedisStore[%s, prefix %s]"
                    .formatted(uri == null ? host + ":" + port : "by uri", prefix);
        }
    }
}
