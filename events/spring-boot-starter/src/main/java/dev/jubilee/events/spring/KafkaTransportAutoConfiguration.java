package dev.jubilee.events.spring;

import dev.jubilee.events.kafka.KafkaEventBus;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Offers Kafka as a transport; without the library's module for it there is none. */
@AutoConfiguration(before = EventBusAutoConfiguration.class)
@ConditionalOnClass(KafkaEventBus.class)
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class KafkaTransportAutoConfiguration {
    @Bean
    BusTransport kafkaTransport(JubileeEventsProperties properties) {
        return new KafkaTransport(properties.kafka());
    }
}
