package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.postgres.store.PostgresCheckpoints;
import dev.jubilee.events.postgres.store.PostgresEventStore;
import dev.jubilee.events.redis.store.RedisCheckpoints;
import dev.jubilee.events.redis.store.RedisEventStore;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.TypedEventStore;
import dev.jubilee.events.tck.servers.RedisServer;
import java.net.ConnectException;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where the store of an application is: on PostgreSQL, on Redis, or nowhere. */
@ExtendWith({RealPostgres.class, OutputCaptureExtension.class})
class EventStoreStarterTest {
    private final ApplicationContextRunner runner =
            new ApplicationContextRunner()
                    .withConfiguration(
                            AutoConfigurations.of(
                                    DataSourceAutoConfiguration.class,
                                    EventBusAutoConfiguration.class,
                                    RedisEventStoreAutoConfiguration.class,
                                    EventStoreAutoConfiguration.class,
                                    TypedEventStoreAutoConfiguration.class))
                    .withUserConfiguration(Types.class);

    private final TestPostgres postgres;

    record GoldDeposited(String member, long amount) {}

    @Configuration(proxyBeanMethods = false)
    static class Types {
        @Bean
        EventTypes guildEvents() {
            return registry -> registry.type("guild.gold.deposited", GoldDeposited.class);
        }
    }

    EventStoreStarterTest(TestPostgres postgres) {
        this.postgres = postgres;
    }

    private ApplicationContextRunner onPostgres() {
        return runner.withPropertyValues(
                "spring.datasource.url=" + postgres.url(),
                "jubilee.events.store.schema=starter_" + Long.toString(System.nanoTime(), 36));
    }

    private static void assertStores(AssertableApplicationContext context) {
        AppendResult result =
                context.getBean(TypedEventStore.class)
                        .saveEvents(
                                "treasury-dragons",
                                List.of(
                                        context.getBean(EventFactory.class)
                                                .domain(
                                                        "treasury",
                                                        "dragons",
                                                        new GoldDeposited("ada", 5))),
                                0);
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
    }

    @Test
    void onPostgresTheStoreIsInTheDatabase() {
        onPostgres()
                .run(context -> {
                    assertThat(context.getBean(EventStore.class))
                            .isInstanceOf(PostgresEventStore.class);
                    assertThat(context.getBean(Checkpoints.class))
                            .isInstanceOf(PostgresCheckpoints.class);
                    assertStores(context);
                });
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        DataSourceAutoConfiguration.class,
        EventBusAutoConfiguration.class,
        RedisEventStoreAutoConfiguration.class,
        EventStoreAutoConfiguration.class,
        TypedEventStoreAutoConfiguration.class
    })
    static class WholeApplication {}

    @Test
    void onAnotherDatabaseThereIsNoStoreAndOneLineSaysWhy(CapturedOutput output) {
        try (ConfigurableApplicationContext context =
                new SpringApplicationBuilder(WholeApplication.class)
                        .web(WebApplicationType.NONE)
                        .run(
                                "--spring.datasource.url=jdbc:h2:mem:guild",
                                "--logging.level.dev.jubilee.events=info")) {
            assertThat(context.getBean(EventBus.class)).isNotNull();
            assertThat(context.getBeanProvider(EventStore.class).getIfAvailable()).isNull();
            assertThat(context.getBeanProvider(TypedEventStore.class).getIfAvailable()).isNull();
            assertThat(context.getBeanProvider(Checkpoints.class).getIfAvailable()).isNull();
        }

        assertThat(output.getAll().lines().filter(line -> line.contains("event store")))
                .singleElement()
                .asString()
                .contains("There is no event store: the DataSource is of H2")
                .contains("PostgreSQL");
    }

    @Test
    void aDatabaseThatDoesNotAnswerFailsTheStartOnlyWhereTablesAreInstalled() {
        ApplicationContextRunner away =
                runner.withPropertyValues(
                        "spring.datasource.url=jdbc:postgresql://127.0.0.1:1/guild",
                        "spring.datasource.hikari.connection-timeout=250");

        away.run(context ->
                assertThat(context).getFailure().hasRootCauseInstanceOf(ConnectException.class));
        away.withPropertyValues("jubilee.events.store.install=false")
                .run(context -> assertThat(context).hasSingleBean(PostgresEventStore.class));
    }

    @Test
    void theServerThatIsNamedForTheStoreKeepsIt() {
        try (RedisServer server = new RedisServer()) {
            onPostgres()
                    .withPropertyValues(
                            "jubilee.events.store.redis.host=127.0.0.1",
                            "jubilee.events.store.redis.port=" + URI.create(server.uri()).getPort())
                    .run(context -> {
                        assertThat(context.getBean(EventStore.class))
                                .isInstanceOf(RedisEventStore.class);
                        assertThat(context.getBean(Checkpoints.class))
                                .isInstanceOf(RedisCheckpoints.class);
                        assertStores(context);
                    });
            runner.withPropertyValues("jubilee.events.store.redis.uri=" + server.uri() + "/1")
                    .run(context ->
                            assertThat(context.getBean(EventStore.class).lastPosition())
                                    .as("the database is the same by default")
                                    .isEqualTo(1));
        }
    }

    @Test
    void whoTurnsTheStoreOffHasNone() {
        onPostgres()
                .withPropertyValues(
                        "jubilee.events.store.enabled=false",
                        "jubilee.events.store.redis.host=127.0.0.1")
                .run(context ->
                        assertThat(context)
                                .doesNotHaveBean(EventStore.class)
                                .doesNotHaveBean(TypedEventStore.class));
    }
}
