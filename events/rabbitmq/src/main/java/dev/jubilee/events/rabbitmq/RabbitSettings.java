package dev.jubilee.events.rabbitmq;

import dev.jubilee.events.TopicName;
import dev.jubilee.events.core.BusSettings;
import java.time.Duration;
import java.util.Map;

/**
 * How a bus uses RabbitMQ.
 *
 * @param exchange the topic exchange that carries the events; queues are named {@code
 *     <exchange>.<subscription>}
 * @param unconfirmed at most so many events are on their way to the server at a time; when so many
 *     are, publishers wait
 * @param patience how long publishing and subscribing wait for a server that is away or starting,
 *     before they fail
 * @param acknowledgementTimeout how long the server waits for a consumer to be done with an event:
 *     its {@code consumer_timeout}, half an hour unless it was told otherwise. It does not say
 *     which, so what is said here must be true. A handler whose retries may wait as long is refused
 * @param bus what every bus is told
 */
public record RabbitSettings(
        String host,
        int port,
        String username,
        String password,
        String virtualHost,
        String exchange,
        int unconfirmed,
        Duration patience,
        Duration acknowledgementTimeout,
        BusSettings bus) {
    private static final int DEFAULT_PORT = 5672;
    private static final int HIGHEST_PORT = 65_535;
    private static final int DEFAULT_UNCONFIRMED = 1000;
    private static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(2);
    private static final Duration DEFAULT_ACKNOWLEDGEMENT_TIMEOUT = Duration.ofMinutes(30);

    public RabbitSettings {
        TopicName.require(exchange);
        if (port < 1 || port > HIGHEST_PORT) {
            throw new IllegalArgumentException("'port' must be 1 to 65535, was " + port);
        }
        if (unconfirmed < 1) {
            throw new IllegalArgumentException(
                    "'unconfirmed' must be 1 or more, was " + unconfirmed);
        }
        if (patience.isNegative()) {
            throw new IllegalArgumentException("'patience' must not be negative, was " + patience);
        }
        if (!acknowledgementTimeout.isPositive()) {
            throw new IllegalArgumentException(
                    "'acknowledgementTimeout' must be more than 0, was " + acknowledgementTimeout);
        }
    }

    /** A server at this address, with the exchange {@code events}. */
    public static RabbitSettings at(String host, int port) {
        return new RabbitSettings(
                host,
                port,
                "guest",
                "guest",
                "/",
                "events",
                DEFAULT_UNCONFIRMED,
                DEFAULT_PATIENCE,
                DEFAULT_ACKNOWLEDGEMENT_TIMEOUT,
                BusSettings.defaults());
    }

    /**
     * As the environment says: {@code RABBITMQ_HOST} (localhost), {@code RABBITMQ_PORT} (5672),
     * {@code RABBITMQ_USERNAME} and {@code RABBITMQ_PASSWORD} (guest), {@code RABBITMQ_VHOST} (/),
     * and those of {@link BusSettings#fromEnvironment}.
     *
     * @throws IllegalArgumentException if a value is not allowed
     */
    public static RabbitSettings fromEnvironment(Map<String, String> environment) {
        return new RabbitSettings(
                environment.getOrDefault("RABBITMQ_HOST", "localhost"),
                port(environment.getOrDefault("RABBITMQ_PORT", Integer.toString(DEFAULT_PORT))),
                environment.getOrDefault("RABBITMQ_USERNAME", "guest"),
                environment.getOrDefault("RABBITMQ_PASSWORD", "guest"),
                environment.getOrDefault("RABBITMQ_VHOST", "/"),
                "events",
                DEFAULT_UNCONFIRMED,
                DEFAULT_PATIENCE,
                DEFAULT_ACKNOWLEDGEMENT_TIMEOUT,
                BusSettings.fromEnvironment(environment));
    }

    private static int port(String value) {
        try {
            int port = Integer.parseInt(value);
            if (port >= 1 && port <= HIGHEST_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            // Said below, together with what is no port.
        }
        throw new IllegalArgumentException("RABBITMQ_PORT must be 1 to 65535, was '" + value + "'");
    }

    public RabbitSettings withLogin(String name, String secret, String vhost) {
        return new RabbitSettings(
                host,
                port,
                name,
                secret,
                vhost,
                exchange,
                unconfirmed,
                patience,
                acknowledgementTimeout,
                bus);
    }

    public RabbitSettings withExchange(String other) {
        return new RabbitSettings(
                host,
                port,
                username,
                password,
                virtualHost,
                other,
                unconfirmed,
                patience,
                acknowledgementTimeout,
                bus);
    }

    public RabbitSettings withPatience(Duration other) {
        return new RabbitSettings(
                host,
                port,
                username,
                password,
                virtualHost,
                exchange,
                unconfirmed,
                other,
                acknowledgementTimeout,
                bus);
    }

    public RabbitSettings withAcknowledgementTimeout(Duration other) {
        return new RabbitSettings(
                host,
                port,
                username,
                password,
                virtualHost,
                exchange,
                unconfirmed,
                patience,
                other,
                bus);
    }

    public RabbitSettings withBus(BusSettings other) {
        return new RabbitSettings(
                host,
                port,
                username,
                password,
                virtualHost,
                exchange,
                unconfirmed,
                patience,
                acknowledgementTimeout,
                other);
    }

    /** Names the server, and not the password. */
    @Override
    public String toString() {
        return "RabbitSettings[%s@%s:%d%s, exchange %s]"
                .formatted(username, host, port, virtualHost, exchange);
    }
}
