package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.core.BusSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class GuideVariablesTest {
    @Configuration
    @EnableConfigurationProperties(JubileeEventsProperties.class)
    static class Settings {}

    private static JubileeEventsProperties of(Map<String, Object> variables) {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .replace(
                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                        new SystemEnvironmentPropertySource(
                                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                                variables));
        try (ConfigurableApplicationContext context =
                new SpringApplicationBuilder(Settings.class)
                        .environment(environment)
                        .web(WebApplicationType.NONE)
                        .run("--spring.config.name=guide-variables")) {
            return context.getBean(JubileeEventsProperties.class);
        }
    }

    @Test
    void theVariablesOfTheGuideAreTheStartersProperties() {
        JubileeEventsProperties settings =
                of(
                        Map.of(
                                "EVENT_RETRY_MAX_ATTEMPTS", "5",
                                "EVENT_RETRY_DELAY", "2000",
                                "EVENT_DEAD_LETTER_ENABLED", "false",
                                "EVENT_TRACKING_ENABLED", "false",
                                "KAFKA_BROKERS", "environment:9092"));

        RetryStrategy strategy = settings.retry().strategy();
        assertThat(strategy.maxAttempts()).isEqualTo(5);
        assertThat(strategy.backoff()).isEqualTo(Backoff.fixed(Duration.ofSeconds(2)));
        assertThat(strategy.route()).isEmpty();
        assertThat(settings.tracking().enabled()).isFalse();
        assertThat(settings.kafka().brokers()).isEqualTo("environment:9092");
    }

    @Test
    void theVariablesOfTheServersAreTheirTransports() {
        JubileeEventsProperties settings =
                of(
                        Map.of(
                                "RABBITMQ_HOST", "rabbit",
                                "RABBITMQ_PORT", "5673",
                                "RABBITMQ_USERNAME", "ada",
                                "RABBITMQ_PASSWORD", "s3cret",
                                "RABBITMQ_VHOST", "/games",
                                "REDIS_HOST", "cache",
                                "REDIS_PORT", "6380",
                                "REDIS_DB", "2",
                                "REDIS_PASSWORD", "s/cret"));

        assertThat(settings.store().redis().host()).isNull();
        assertThat(settings.rabbitmq())
                .isEqualTo(
                        new JubileeEventsProperties.Rabbitmq(
                                "rabbit",
                                5673,
                                "ada",
                                "s3cret",
                                "/games",
                                "events",
                                Duration.ofMinutes(30)));
        assertThat(RedisTransport.address(settings.redis()).uri())
                .isEqualTo("redis://:s%2Fcret@cache:6380/2");
        assertThat(settings.toString()).doesNotContain("s3cret", "s/cret");
    }

    @Test
    void theVariablesOfTheEventStoreAreThoseOfItsServer() {
        JubileeEventsProperties settings =
                of(
                        Map.of(
                                "REDIS_EVENT_STORE_HOST", "redis.production.com",
                                "REDIS_EVENT_STORE_PORT", "6380",
                                "REDIS_EVENT_STORE_DB", "2",
                                "REDIS_EVENT_STORE_PASSWORD", "strong-password"));

        assertThat(settings.store().redis())
                .isEqualTo(
                        new JubileeEventsProperties.RedisStore(
                                null,
                                "redis.production.com",
                                6380,
                                2,
                                "strong-password",
                                "events"));
        assertThat(settings.redis().hasServer()).as("the bus is not on it").isFalse();
        assertThat(settings.toString()).doesNotContain("strong-password");
    }

    @Test
    void theEventStoresDatabaseIsTheGuides() {
        JubileeEventsProperties settings = of(Map.of("REDIS_EVENT_STORE_HOST", "localhost"));

        assertThat(settings.store().redis().port()).isEqualTo(6379);
        assertThat(settings.store().redis().database()).isEqualTo(1);
    }

    @Test
    void whatKubernetesSetsForAServiceOfThatNameIsNotRead() {
        JubileeEventsProperties settings =
                of(
                        Map.of(
                                "REDIS_PORT", "tcp://10.0.0.1:6379",
                                "REDIS_EVENT_STORE_PORT", "tcp://10.0.0.3:6379",
                                "RABBITMQ_PORT", "tcp://10.0.0.2:5672"));

        assertThat(settings.redis().port()).isEqualTo(6379);
        assertThat(settings.rabbitmq().port()).isEqualTo(5672);
        assertThat(settings.store().redis().port()).isEqualTo(6379);
    }

    @Test
    void whatNoVariableSaysAFileSays() {
        JubileeEventsProperties settings = of(Map.of("EVENT_RETRY_MAX_ATTEMPTS", "5"));

        assertThat(settings.retry().maxAttempts()).isEqualTo(5);
        assertThat(settings.retry().delay()).isEqualTo(Duration.ofSeconds(9));
        assertThat(settings.kafka().brokers()).isEqualTo("file:9092");
    }

    @Test
    void springBootsOwnNameOfASettingComesFirst() {
        JubileeEventsProperties settings =
                of(
                        Map.of(
                                "EVENT_RETRY_MAX_ATTEMPTS", "5",
                                "JUBILEE_EVENTS_RETRY_MAXATTEMPTS", "7"));

        assertThat(settings.retry().maxAttempts()).isEqualTo(7);
    }

    @Test
    void theDefaultsAreThoseOfTheLibrary() {
        JubileeEventsProperties.Retry retry =
                new JubileeEventsProperties.Retry(3, Duration.ofSeconds(1), null, true);

        assertThat(retry.strategy()).isEqualTo(BusSettings.defaults().retry());
    }

    @Test
    void aPauseThatGrowsUpToTheLongest() {
        JubileeEventsProperties.Retry retry =
                new JubileeEventsProperties.Retry(
                        3, Duration.ofSeconds(1), Duration.ofMinutes(1), true);

        assertThat(retry.strategy().backoff())
                .isEqualTo(Backoff.exponential(Duration.ofSeconds(1), Duration.ofMinutes(1)));
    }

    @Test
    void aVariableThatSaysNothingSensibleIsRefusedByItsProperty() {
        assertThatThrownBy(() -> of(Map.of("EVENT_DEAD_LETTER_ENABLED", "maybe")))
                .satisfies(failure ->
                        assertThat(causes(failure)).contains("jubilee.events.retry.dead-letters"));
    }

    private static String causes(Throwable failure) {
        StringBuilder all = new StringBuilder();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            all.append(Objects.toString(each.getMessage())).append('\n');
        }
        return all.toString();
    }
}
