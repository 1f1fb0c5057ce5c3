package dev.jubilee.events.spring;

import dev.jubilee.events.postgres.store.EventStoreSchema;
import dev.jubilee.events.postgres.store.EventStoreSettings;
import dev.jubilee.events.postgres.store.PostgresCheckpoints;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.EventStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
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
 * take part in the application's transactions. If that is of another database than PostgreSQL there
 * is none, and one line in the log says so.
 */
@AutoConfiguration(
        after = EventBusAutoConfiguration.class,
        afterName = "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration")
@ConditionalOnClass({DataSource.class, PostgresEventStore.class})
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnBooleanProperty(name = "jubilee.events.store.enabled", matchIfMissing = true)
@EnableConfigurationProperties(JubileeEventsProperties.class)
public final class EventStoreAutoConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(EventStoreAutoConfiguration.class);

    @Bean
    @ConditionalOnMissingBean
    EventStoreSettings eventStoreSettings(JubileeEventsProperties properties) {
        return EventStoreSettings.of(properties.store().schema());
    }

    /** None if the database is another: that is known only when the DataSource is there. */
    @Bean
    @ConditionalOnMissingBean(EventStore.class)
    @Nullable PostgresEventStore eventStore(
            DataSource dataSource,
            EventStoreSettings settings,
            JubileeEventsProperties properties) {
        boolean install = properties.store().install();
        Optional<String> another = anotherDatabase(dataSource, install);
        if (another.isPresent()) {
            LOG.info(
                    "There is no event store: the DataSource is of {}, and it needs PostgreSQL",
                    another.get());
            return null;
        }
        if (install) {
            EventStoreSchema.install(dataSource, settings);
        }
        return new PostgresEventStore(dataSource, settings);
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnBean(PostgresEventStore.class)
    @Nullable Checkpoints eventCheckpoints(
            DataSource dataSource,
            EventStoreSettings settings,
            ObjectProvider<PostgresEventStore> store) {
        return store.getIfAvailable() == null
                ? null
                : new PostgresCheckpoints(dataSource, settings);
    }

    /**
     * The name of the database, if it is not PostgreSQL. One that cannot be asked is taken for
     * PostgreSQL where nothing is installed: its store answers once the database does.
     */
    private static Optional<String> anotherDatabase(DataSource dataSource, boolean install) {
        try (Connection connection = dataSource.getConnection()) {
            String product = connection.getMetaData().getDatabaseProductName();
            return product.equals("PostgreSQL") ? Optional.empty() : Optional.of(product);
        } catch (SQLException e) {
            if (install) {
                throw new IllegalStateException("the event store cannot reach its database", e);
            }
            return Optional.empty();
        }
    }
}
