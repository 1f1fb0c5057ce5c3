package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.server.config.SettingsReader;
import org.jspecify.annotations.Nullable;

/** The servers that subscriptions may have events brought to; null where there is none. */
public record BrokerSettings(@Nullable Rabbit rabbit, @Nullable Redis redis) {
    /**
     * A RabbitMQ server.
     *
     * @param tls null when it is spoken to in the clear
     */
    public record Rabbit(
            String host,
            int port,
            String username,
            String password,
            String virtualHost,
            @Nullable BrokerTls tls) {
        @Override
        public String toString() {
            return username + "@" + host + ":" + port + virtualHost;
        }
    }

    /**
     * A Redis server.
     *
     * @param tls null when it is spoken to in the clear
     */
    public record Redis(
            String host,
            int port,
            @Nullable String password,
            int database,
            @Nullable BrokerTls tls) {
        @Override
        public String toString() {
            return host + ":" + port + "/" + database;
        }
    }

    /** Reads {@code RABBITMQ_HOST}, {@code REDIS_HOST} and their neighbours. */
    public static BrokerSettings from(SettingsReader reader) {
        return new BrokerSettings(rabbit(reader), redis(reader));
    }

    private static @Nullable Rabbit rabbit(SettingsReader reader) {
        String host = reader.optionalText("RABBITMQ_HOST");
        BrokerTls tls = BrokerTls.from(reader, "RABBITMQ");
        int port = reader.integer("RABBITMQ_PORT", tls == null ? 5672 : 5671, 1, 65_535);
        String username = reader.text("RABBITMQ_USERNAME", "guest");
        String password = reader.text("RABBITMQ_PASSWORD", "guest");
        String virtualHost = reader.text("RABBITMQ_VHOST", "/");
        return host == null ? null : new Rabbit(host, port, username, password, virtualHost, tls);
    }

    private static @Nullable Redis redis(SettingsReader reader) {
        String host = reader.optionalText("REDIS_HOST");
        int port = reader.integer("REDIS_PORT", 6379, 1, 65_535);
        BrokerTls tls = BrokerTls.from(reader, "REDIS");
        String shared = reader.optionalText("REDIS_PASSWORD");
        String own = reader.optionalText("REDIS_BUS_PASSWORD");
        int database =
                reader.integer("REDIS_BUS_DB", reader.integer("REDIS_DB", 0, 0, 10_000), 0, 10_000);
        return host == null
                ? null
                : new Redis(host, port, own == null ? shared : own, database, tls);
    }
}
