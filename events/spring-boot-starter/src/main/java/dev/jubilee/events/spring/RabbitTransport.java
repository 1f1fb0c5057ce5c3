package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.rabbitmq.RabbitEventBus;
import dev.jubilee.events.rabbitmq.RabbitSettings;

/** The bus on RabbitMQ, as {@code jubilee.events.rabbitmq} describes it. */
final class RabbitTransport implements BusTransport {
    private final JubileeEventsProperties.Rabbitmq rabbitmq;

    RabbitTransport(JubileeEventsProperties.Rabbitmq rabbitmq) {
        this.rabbitmq = rabbitmq;
    }

    @Override
    public String name() {
        return "rabbitmq";
    }

    @Override
    public boolean isConfigured() {
        return rabbitmq.hasServer();
    }

    @Override
    public EventBus open(EventCodec codec, BusSettings settings) {
        String host = rabbitmq.host();
        if (host == null) {
            throw new IllegalStateException(
                    "the bus on RabbitMQ needs jubilee.events.rabbitmq.host, or RABBITMQ_HOST");
        }
        return new RabbitEventBus(
                RabbitSettings.at(host, rabbitmq.port())
                        .withLogin(rabbitmq.username(), rabbitmq.password(), rabbitmq.virtualHost())
                        .withExchange(rabbitmq.exchange())
                        .withAcknowledgementTimeout(rabbitmq.acknowledgementTimeout())
                        .withBus(settings),
                codec);
    }

    @Override
    public void check(EventBus bus) {
        ((RabbitEventBus) bus).ping(Transports.PATIENCE);
    }
}
