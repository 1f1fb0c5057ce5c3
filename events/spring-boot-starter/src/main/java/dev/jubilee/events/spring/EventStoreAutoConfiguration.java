package dev.jubilee.events.spring;

import dev.jubilee.events.EventCodec;
import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresCheckpoints;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.TypedEventStore;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * The event store on the application's {@code DataSource}, in connections of its own: it does not
 * take part in the application's transactions.
 */
@AutoConfiguration(
        after = EventBusAutoConfiguration.class,
        afterName = "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration")
@ConditionalOnClass({DataSource.class, PostgresEventStore.class})
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnBooleanProperty(name = "jubilee.events.store.enabled", matchIfMissing = true)
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class EventStoreAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    EventStoreSettings eventStoreSettings(JubileeEventsProperties properties) {
        return EventStoreSettings.of(properties.store().schema());
    }

    @Bean
    @ConditionalOnMissingBean(EventStore.class)
    PostgresEventStore eventStore(
            DataSource dataSource,
            EventStoreSettings settings,
            JubileeEventsProperties properties) {
        if (properties.store().install()) {
            requirePostgres(dataSource);
            EventStoreSchema.install(dataSource, settings);
        }
        return new PostgresEventStore(dataSource, settings);
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(PostgresEventStore.class)
    Checkpoints eventCheckpoints(DataSource dataSource, EventStoreSettings settings) {
        return new PostgresCheckpoints(dataSource, settings);
    }

    @Bean
    @ConditionalOnMissingBean
    TypedEventStore typedEventStore(EventStore store, EventCodec codec) {
        return new TypedEventStore(store, codec);
    }

    private static void requirePostgres(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection()) {
            String product = connection.getMetaData().getDatabaseProductName();
            if (!product.equals("PostgreSQL")) {
                throw new IllegalStateException(
                        "the event store needs PostgreSQL, and the DataSource is of %s: set jubilee.events.store.enabled to false"
                                .formatted(product));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the event store cannot reach its database", e);
        }
    }
}
