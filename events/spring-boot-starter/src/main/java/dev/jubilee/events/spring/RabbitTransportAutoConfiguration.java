package dev.jubilee.events.spring;

import dev.jubilee.events.rabbitmq.RabbitEventBus;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Offers RabbitMQ as a transport; without the library's module for it there is none. */
@AutoConfiguration(before = EventBusAutoConfiguration.class)
@ConditionalOnClass(RabbitEventBus.class)
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class RabbitTransportAutoConfiguration {
    @Bean
    BusTransport rabbitmqTransport(JubileeEventsProperties properties) {
        return new RabbitTransport(properties.rabbitmq());
    }
}
