package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.kafka.KafkaBusSettings;
import dev.jubilee.events.kafka.KafkaEventBus;
import dev.jubilee.events.kafka.KafkaTopics;
import java.util.HashMap;
import java.util.Map;

/** The bus on Kafka, as {@code jubilee.events.kafka} describes it. */
final class KafkaTransport implements BusTransport {
    private final JubileeEventsProperties.Kafka kafka;

    KafkaTransport(JubileeEventsProperties.Kafka kafka) {
        this.kafka = kafka;
    }

    @Override
    public String name() {
        return "kafka";
    }

    @Override
    public boolean isConfigured() {
        return kafka.hasServer();
    }

    @Override
    public EventBus open(EventCodec codec, BusSettings settings) {
        String brokers = kafka.brokers();
        if (brokers == null) {
            throw new IllegalStateException(
                    "the bus on Kafka needs jubilee.events.kafka.brokers, or KAFKA_BROKERS");
        }
        Map<String, Object> clients = new HashMap<>(kafka.properties());
        clients.put("bootstrap.servers", brokers);
        KafkaTopics topics = KafkaTopics.one(kafka.topic());
        for (JubileeEventsProperties.Kafka.Route route : kafka.routes()) {
            topics = topics.route(route.types(), route.topic());
        }
        return new KafkaEventBus(new KafkaBusSettings(clients, topics, settings), codec);
    }

    @Override
    public void check(EventBus bus) {
        ((KafkaEventBus) bus).ping(Transports.PATIENCE);
    }
}
