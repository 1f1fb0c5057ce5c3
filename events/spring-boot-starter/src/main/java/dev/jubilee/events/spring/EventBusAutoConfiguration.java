package dev.jubilee.events.spring;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventCodec;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * The bus, what events are made with, and the handlers of the application. Each bean gives way to
 * one of the application's own.
 */
@AutoConfiguration
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class EventBusAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    EventRegistry eventRegistry(ObjectProvider<EventTypes> types) {
        EventRegistry.Builder registry = EventRegistry.builder();
        types.orderedStream().forEach(each -> each.register(registry));
        return registry.build();
    }

    @Bean
    @ConditionalOnMissingBean
    EventCodec eventCodec(EventRegistry registry) {
        return new JsonEventCodec(registry);
    }

    @Bean
    @ConditionalOnMissingBean
    EventFactory eventFactory(
            EventRegistry registry,
            JubileeEventsProperties properties,
            Environment environment,
            ObjectProvider<InstantSource> clock) {
        String[] profiles = environment.getActiveProfiles();
        return new EventFactory(
                registry,
                clock.getIfUnique(InstantSource::system),
                firstOf(
                        properties.source(),
                        environment.getProperty("spring.application.name"),
                        "application"),
                firstOf(
                        properties.environment(),
                        profiles.length == 0 ? null : profiles[0],
                        "default"));
    }

    @Bean
    @ConditionalOnMissingBean
    BusSettings busSettings(
            JubileeEventsProperties properties,
            ObjectProvider<EventTracker> tracker,
            ObjectProvider<InstantSource> clock) {
        return new BusSettings(
                clock.getIfUnique(InstantSource::system),
                properties.retry().strategy(),
                tracker.getIfAvailable());
    }

    @Bean
    Transports eventTransports(
            JubileeEventsProperties properties, ObjectProvider<BusTransport> transports) {
        List<BusTransport> offered = transports.orderedStream().toList();
        List<BusTransport> all = new ArrayList<>(offered);
        all.addAll(MissingTransport.besides(offered, properties));
        return new Transports(properties.transport(), all);
    }

    /** Closed by those that opened it, and not a second time by the container. */
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    EventBus eventBus(Transports transports, EventCodec codec, BusSettings settings) {
        return transports.open(codec, settings);
    }

    @Bean
    HandlerSubscriptions eventHandlerSubscriptions(
            EventBus bus,
            Transports transports,
            JubileeEventsProperties properties,
            ConfigurableListableBeanFactory beans,
            ConfigurableApplicationContext context) {
        return new HandlerSubscriptions(
                bus,
                transports,
                new HandlerBeans(beans),
                properties.durableWherePossible(),
                context::isClosed);
    }

    private static String firstOf(@Nullable String said, @Nullable String known, String otherwise) {
        return said != null ? said : Objects.requireNonNullElse(known, otherwise);
    }
}
