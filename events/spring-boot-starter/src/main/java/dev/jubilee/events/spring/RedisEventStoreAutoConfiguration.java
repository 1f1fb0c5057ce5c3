package dev.jubilee.events.spring;

import dev.jubilee.events.redis.RedisAddress;
import dev.jubilee.events.redis.RedisLink;
import dev.jubilee.events.redis.store.RedisCheckpoints;
import dev.jubilee.events.redis.store.RedisEventStore;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.EventStore;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/** The event store on Redis, where it is said which server keeps it; PostgreSQL then does not. */
@AutoConfiguration(
        after = EventBusAutoConfiguration.class,
        before = EventStoreAutoConfiguration.class)
@Conditional(RedisEventStoreAutoConfiguration.ServerIsNamed.class)
@ConditionalOnMissingBean(EventStore.class)
@ConditionalOnBooleanProperty(name = "jubilee.events.store.enabled", matchIfMissing = true)
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class RedisEventStoreAutoConfiguration {
    static final class ServerIsNamed extends AnyNestedCondition {
        ServerIsNamed() {
            super(ConfigurationPhase.REGISTER_BEAN);
        }

        @ConditionalOnProperty("jubilee.events.store.redis.host")
        static final class ByHost {}

        @ConditionalOnProperty("jubilee.events.store.redis.uri")
        static final class ByUri {}
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "dev.jubilee.events.redis.store.RedisEventStore")
    static class OnRedis {
        /** Of the store alone: the bus may be on another server. */
        @Bean
        RedisLink eventStoreLink(JubileeEventsProperties properties) {
            JubileeEventsProperties.RedisStore redis = properties.store().redis();
            return RedisLink.to(
                    redis.uri() != null
                            ? new RedisAddress(redis.uri())
                            : RedisAddress.of(
                                    String.valueOf(redis.host()),
                                    redis.port(),
                                    redis.database(),
                                    redis.password()));
        }

        @Bean
        RedisEventStore eventStore(
                @Qualifier("eventStoreLink") RedisLink link, JubileeEventsProperties properties) {
            return new RedisEventStore(link, properties.store().redis().prefix());
        }

        @Bean
        @ConditionalOnMissingBean
        Checkpoints eventCheckpoints(
                @Qualifier("eventStoreLink") RedisLink link, JubileeEventsProperties properties) {
            return new RedisCheckpoints(link, properties.store().redis().prefix());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingClass("dev.jubilee.events.redis.store.RedisEventStore")
    static class WithoutModule {
        @Bean
        InitializingBean eventStoreOnRedisIsMissing() {
            return () -> {
                throw new IllegalStateException(
                        "the event store on Redis is configured, and jubilee-events-redis is missing: add it, or take jubilee.events.store.redis away");
            };
        }
    }
}
