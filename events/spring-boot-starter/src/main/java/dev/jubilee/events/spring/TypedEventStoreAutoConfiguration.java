package dev.jubilee.events.spring;

import dev.jubilee.events.EventCodec;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.TypedEventStore;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The application's one event store, whatever it is on, with typed events. */
@AutoConfiguration(
        after = {
            EventBusAutoConfiguration.class,
            RedisEventStoreAutoConfiguration.class,
            EventStoreAutoConfiguration.class
        })
@ConditionalOnBean(EventStore.class)
public final class TypedEventStoreAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    @Nullable TypedEventStore typedEventStore(ObjectProvider<EventStore> store, EventCodec codec) {
        EventStore one = store.getIfUnique();
        return one == null ? null : new TypedEventStore(one, codec);
    }
}
