package dev.jubilee.events.spring;

import dev.jubilee.events.redis.RedisStreamsEventBus;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Offers Redis as a transport; without the library's module for it there is none. */
@AutoConfiguration(before = EventBusAutoConfiguration.class)
@ConditionalOnClass(RedisStreamsEventBus.class)
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class RedisTransportAutoConfiguration {
    @Bean
    BusTransport redisTransport(JubileeEventsProperties properties) {
        return new RedisTransport(properties.redis());
    }

    @Bean
    BusTransport redisPubSubTransport(JubileeEventsProperties properties) {
        return new RedisTransport.PubSub(properties.redis());
    }
}
