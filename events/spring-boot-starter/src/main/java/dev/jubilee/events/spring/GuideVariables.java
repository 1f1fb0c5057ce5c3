package dev.jubilee.events.spring;

import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Reads the library's own environment variables, such as {@code EVENT_RETRY_DELAY}, as the
 * properties of this starter. They stand right behind the environment: before every file, and after
 * {@code JUBILEE_EVENTS_…}, which is the same setting by Spring Boot's own name.
 */
public final class GuideVariables implements EnvironmentPostProcessor {
    private static final Map<String, String> PROPERTIES =
            Map.of(
                    "EVENT_RETRY_MAX_ATTEMPTS", "jubilee.events.retry.max-attempts",
                    "EVENT_RETRY_DELAY", "jubilee.events.retry.delay",
                    "EVENT_DEAD_LETTER_ENABLED", "jubilee.events.retry.dead-letters",
                    "EVENT_TRACKING_ENABLED", "jubilee.events.tracking.enabled",
                    "KAFKA_BROKERS", "jubilee.events.kafka.brokers");

    @Override
    public void postProcessEnvironment(
            ConfigurableEnvironment environment, SpringApplication application) {
        PropertySource<?> variables =
                environment
                        .getPropertySources()
                        .get(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        if (variables == null) {
            return;
        }
        Map<String, Object> found = new HashMap<>();
        PROPERTIES.forEach((variable, property) -> {
            Object value = variables.getProperty(variable);
            if (value != null) {
                found.put(property, value);
            }
        });
        environment
                .getPropertySources()
                .addAfter(variables.getName(), new MapPropertySource("jubileeEvents", found));
    }
}
