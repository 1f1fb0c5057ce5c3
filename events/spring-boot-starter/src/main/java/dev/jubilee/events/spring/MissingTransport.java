package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.BusSettings;
import java.util.List;

/**
 * Stands in for a transport whose module the application excluded: in nobody's way until it is
 * wanted, and then says what is missing, instead of a bus in memory that nobody asked for.
 */
record MissingTransport(String name, String module, boolean isConfigured) implements BusTransport {
    /** For those of the library's transports that nobody offers. */
    static List<MissingTransport> besides(
            List<BusTransport> offered, JubileeEventsProperties properties) {
        List<MissingTransport> known =
                List.of(
                        new MissingTransport(
                                "kafka", "jubilee-events-kafka", properties.kafka().hasServer()),
                        new MissingTransport(
                                "rabbitmq",
                                "jubilee-events-rabbitmq",
                                properties.rabbitmq().hasServer()),
                        new MissingTransport(
                                "redis", "jubilee-events-redis", properties.redis().hasServer()),
                        new MissingTransport("redis-pubsub", "jubilee-events-redis", false));
        return known.stream()
                .filter(missing ->
                        offered.stream().noneMatch(other -> other.name().equals(missing.name)))
                .toList();
    }

    @Override
    public EventBus open(EventCodec codec, BusSettings settings) {
        throw new IllegalStateException(
                "the transport '%s' is configured, and %s is missing: add it, or say another by jubilee.events.transport"
                        .formatted(name, module));
    }
}
