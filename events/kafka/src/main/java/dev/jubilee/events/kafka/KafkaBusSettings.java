package dev.jubilee.events.kafka;

import dev.jubilee.events.core.BusSettings;
import java.util.Map;

/**
 * How a bus uses Kafka.
 *
 * @param kafka how to reach it ({@code bootstrap.servers}, security), and what else of its clients'
 *     settings is to differ; what would break a promise of the bus, such as {@code acks=1}, is
 *     refused
 * @param topics which carry the events; those that are missing are made, as the broker does by
 *     default
 * @param bus what every bus is told
 */
public record KafkaBusSettings(Map<String, Object> kafka, KafkaTopics topics, BusSettings bus) {
    public KafkaBusSettings {
        kafka = Map.copyOf(kafka);
        ClientProperties.require(kafka);
    }

    /** One topic {@code events} at these brokers. */
    public static KafkaBusSettings of(String bootstrapServers) {
        return new KafkaBusSettings(
                Map.of("bootstrap.servers", bootstrapServers),
                KafkaTopics.one("events"),
                BusSettings.defaults());
    }

    public KafkaBusSettings withTopics(KafkaTopics other) {
        return new KafkaBusSettings(kafka, other, bus);
    }

    public KafkaBusSettings withBus(BusSettings other) {
        return new KafkaBusSettings(kafka, topics, other);
    }
}
