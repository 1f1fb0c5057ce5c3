package dev.jubilee.events.spring.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.core.InMemoryEventBus;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.kafka.KafkaBusSettings;
import dev.jubilee.events.kafka.KafkaEventBus;
import dev.jubilee.events.kafka.KafkaTopics;
import dev.jubilee.events.kafka.RealKafka;
import dev.jubilee.events.kafka.TestKafka;
import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.TypedEventStore;
import dev.jubilee.events.tck.Await;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;

/** The guide's application on real servers, and every piece of Java in the guide is found here. */
@ExtendWith({RealKafka.class, RealPostgres.class})
class SpringBootGuideTest {
    private static final Path GUIDE = Path.of("../../docs/guides/spring-boot.md");
    private static final Path EXAMPLES =
            Path.of("src/test/java/dev/jubilee/events/spring/examples");
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private final TestKafka kafka;
    private final TestPostgres postgres;
    private final String schema = "guild_" + Long.toString(System.nanoTime(), 36);

    SpringBootGuideTest(TestKafka kafka, TestPostgres postgres) {
        this.kafka = kafka;
        this.postgres = postgres;
    }

    private ConfigurableApplicationContext start(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--spring.datasource.url=" + postgres.url());
        all.add("--jubilee.events.store.schema=" + schema);
        all.add("--spring.application.name=guild-service");
        return new SpringApplicationBuilder(GuildApplication.class)
                .web(WebApplicationType.NONE)
                .run(all.toArray(String[]::new));
    }

    private ConfigurableApplicationContext startOnKafka() {
        return start(
                "--jubilee.events.kafka.brokers=" + kafka.brokers(),
                "--jubilee.events.kafka.topic=" + schema);
    }

    @Test
    void oneDependencyPublishesAndHandlesInMemory() {
        try (ConfigurableApplicationContext application =
                start("--jubilee.events.durable-where-possible=true")) {
            assertThat(application.getBean(EventBus.class)).isInstanceOf(InMemoryEventBus.class);
            application.getBean(Guilds.class).deposit("dragons", "ada", 100);

            Await.untilAsserted(
                    "the deposit is counted",
                    () ->
                            assertThat(application.getBean(Treasurer.class).gold("dragons"))
                                    .isEqualTo(100));
        }
    }

    @Test
    void onKafkaNothingIsMissedWhileTheApplicationIsDown() {
        try (ConfigurableApplicationContext application = startOnKafka()) {
            application.getBean(Guilds.class).deposit("dragons", "ada", 100);
            Await.until(
                    "the deposit is counted",
                    () -> application.getBean(Treasurer.class).gold("dragons") == 100);
        }

        EventRegistry registry =
                EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
        try (EventBus elsewhere =
                new KafkaEventBus(
                        KafkaBusSettings.of(kafka.brokers()).withTopics(KafkaTopics.one(schema)),
                        new JsonEventCodec(registry))) {
            EventFactory events =
                    new EventFactory(registry, InstantSource.system(), "elsewhere", "test");
            elsewhere.publish(events.domain("treasury", "dragons", new GoldDeposited("bob", 7)));
        }

        try (ConfigurableApplicationContext application = startOnKafka()) {
            Await.until(
                    "what came meanwhile is counted, and nothing twice",
                    () -> application.getBean(Treasurer.class).gold("dragons") == 7);
        }
    }

    @Test
    void theEventStoreIsOnTheDataSource() {
        try (ConfigurableApplicationContext application =
                start("--jubilee.events.durable-where-possible=true")) {
            TypedEventStore store = application.getBean(TypedEventStore.class);
            EventFactory events = application.getBean(EventFactory.class);

            AppendResult result =
                    store.saveEvents(
                            "treasury-dragons",
                            List.of(
                                    events.domain(
                                            "treasury", "dragons", new GoldDeposited("ada", 5))),
                            0);

            assertThat(result).isInstanceOf(AppendResult.Appended.class);
            assertThat(store.getEvents("treasury-dragons", 1).getFirst().event())
                    .get()
                    .satisfies(event -> {
                        assertThat(((DomainEvent<?>) event).data())
                                .isEqualTo(new GoldDeposited("ada", 5));
                        assertThat(event.metadata().source()).isEqualTo("guild-service");
                        assertThat(event.metadata().environment()).isEqualTo("default");
                    });
        }
    }

    @Test
    void eventsAreCountedInTheApplicationsRegistry() {
        try (ConfigurableApplicationContext application = startOnKafka()) {
            MeterRegistry meters = application.getBean(MeterRegistry.class);
            application.getBean(Guilds.class).deposit("dragons", "ada", 100);

            Await.untilAsserted(
                    "the event is counted",
                    () ->
                            assertThat(
                                            meters.get("events")
                                                    .tags(
                                                            "type",
                                                            "guild.gold.deposited",
                                                            "status",
                                                            "processed")
                                                    .counter()
                                                    .count())
                                    .isEqualTo(1));
        }
    }

    @Test
    void healthIsDownWhenTheBrokerIsGone() {
        TestKafka own = new TestKafka();
        boolean closed = false;
        try (ConfigurableApplicationContext application =
                start("--jubilee.events.kafka.brokers=" + own.brokers())) {
            HealthIndicator health =
                    application.getBean("eventsHealthIndicator", HealthIndicator.class);
            awaitUp(health);
            assertThat(health.health().getDetails())
                    .containsEntry("transport", "kafka")
                    .containsEntry("handlers", 1L)
                    .containsEntry("lastPosition", 0L);

            own.close();
            closed = true;

            assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
        } finally {
            if (!closed) {
                own.close();
            }
        }
    }

    /** A check waits two seconds for an answer, which a slow machine may take. */
    private static void awaitUp(HealthIndicator health) {
        Await.until("it is up", () -> Status.UP.equals(health.health().getStatus()));
    }

    @Test
    void healthIsDownWhenTheStoreDoesNotAnswer() {
        try (ConfigurableApplicationContext application =
                start("--jubilee.events.durable-where-possible=true")) {
            HealthIndicator health =
                    application.getBean("eventsHealthIndicator", HealthIndicator.class);
            awaitUp(health);

            postgres.execute("DROP SCHEMA " + schema + " CASCADE");

            assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
        }
    }

    @Test
    void everyPieceOfJavaInTheGuideIsRunHere() throws IOException {
        StringBuilder sources = new StringBuilder();
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            for (Path file : files.toList()) {
                sources.append(squeezed(Files.readString(file))).append('\n');
            }
        }
        Matcher pieces = JAVA.matcher(Files.readString(GUIDE));
        int found = 0;
        while (pieces.find()) {
            found++;
            assertThat(sources.toString()).contains(squeezed(pieces.group(1)));
        }
        assertThat(found).isGreaterThanOrEqualTo(4);
    }

    private static String squeezed(String code) {
        return code.replaceAll("\\s+", "");
    }
}
