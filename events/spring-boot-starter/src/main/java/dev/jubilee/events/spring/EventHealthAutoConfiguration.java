package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.store.EventStore;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The part {@code events} of the application's health. */
@AutoConfiguration(
        after = {
            EventBusAutoConfiguration.class,
            RedisEventStoreAutoConfiguration.class,
            EventStoreAutoConfiguration.class
        })
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnEnabledHealthIndicator("events")
public final class EventHealthAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean(name = "eventsHealthIndicator")
    HealthIndicator eventsHealthIndicator(
            EventBus bus,
            Transports transports,
            HandlerSubscriptions subscriptions,
            ObjectProvider<EventStore> store) {
        return new EventsHealthIndicator(bus, transports, subscriptions, store.getIfUnique());
    }
}
