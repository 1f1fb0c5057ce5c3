package dev.jubilee.server.bus.delivery;

import dev.jubilee.server.bus.delivery.sending.BrokerSettings;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.http.client.AllowedNetworks;
import java.time.Duration;

/**
 * How events are delivered.
 *
 * @param perEndpoint requests under way to one endpoint at once
 * @param timeout until an answer must have arrived whole
 * @param networks where webhooks may go beside public addresses
 * @param retention how long attempts are kept, by whole days
 * @param deadLetterTopic where dead letters are copied
 * @param brokers where else events may be brought
 */
public record DeliverySettings(
        int perEndpoint,
        Duration timeout,
        AllowedNetworks networks,
        Duration retention,
        String deadLetterTopic,
        BrokerSettings brokers) {
    private static final String NETWORKS = "EVENT_BUS_WEBHOOK_ALLOWED_NETWORKS";
    private static final String LOOPBACK = "127.0.0.0/8,::1/128";

    /**
     * Reads {@code EVENT_BUS_WORKER_POOL_SIZE} and its neighbours.
     *
     * @param embedded whether this is the platform of a newcomer, who may try it on loopback
     */
    public static DeliverySettings from(SettingsReader reader, boolean embedded) {
        return new DeliverySettings(
                reader.integer("EVENT_BUS_WORKER_POOL_SIZE", 10, 1, 1_000),
                reader.duration(
                        "EVENT_BUS_WEBHOOK_TIMEOUT",
                        Duration.ofSeconds(10),
                        Duration.ofMillis(100),
                        Duration.ofMinutes(5)),
                networks(reader, embedded),
                reader.duration(
                        "EVENT_BUS_DELIVERY_RETENTION",
                        Duration.ofDays(7),
                        Duration.ofHours(1),
                        Duration.ofDays(3_650)),
                reader.text("EVENT_BUS_DEAD_LETTER_TOPIC", "dead-letter-events"),
                BrokerSettings.from(reader));
    }

    private static AllowedNetworks networks(SettingsReader reader, boolean embedded) {
        String value = reader.text(NETWORKS, embedded ? LOOPBACK : "");
        try {
            return AllowedNetworks.parse(value);
        } catch (IllegalArgumentException e) {
            reader.fault(NETWORKS, value, "networks like 10.0.0.0/8, with commas between");
            return AllowedNetworks.publicOnly();
        }
    }
}
