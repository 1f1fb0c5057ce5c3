package dev.jubilee.events.spring;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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

    /**
     * Of servers that are named by their host. Without it the others mean nothing: Kubernetes sets
     * {@code REDIS_PORT} to {@code tcp://…} wherever there is a service {@code redis}.
     */
    private static final Map<String, Map<String, String>> SERVERS =
            Map.of(
                    "RABBITMQ_HOST",
                    Map.of(
                            "RABBITMQ_HOST", "jubilee.events.rabbitmq.host",
                            "RABBITMQ_PORT", "jubilee.events.rabbitmq.port",
                            "RABBITMQ_USERNAME", "jubilee.events.rabbitmq.username",
                            "RABBITMQ_PASSWORD", "jubilee.events.rabbitmq.password",
                            "RABBITMQ_VHOST", "jubilee.events.rabbitmq.virtual-host"),
                    "REDIS_HOST",
                    Map.of(
                            "REDIS_HOST", "jubilee.events.redis.host",
                            "REDIS_PORT", "jubilee.events.redis.port",
                            "REDIS_DB", "jubilee.events.redis.database",
                            "REDIS_PASSWORD", "jubilee.events.redis.password"),
                    "REDIS_EVENT_STORE_HOST",
                    Map.of(
                            "REDIS_EVENT_STORE_HOST", "jubilee.events.store.redis.host",
                            "REDIS_EVENT_STORE_PORT", "jubilee.events.store.redis.port",
                            "REDIS_EVENT_STORE_DB", "jubilee.events.store.redis.database",
                            "REDIS_EVENT_STORE_PASSWORD", "jubilee.events.store.redis.password"));

    /** The variables that are read. */
    static Set<String> names() {
        Set<String> names = new HashSet<>(PROPERTIES.keySet());
        SERVERS.values().forEach(properties -> names.addAll(properties.keySet()));
        return names;
    }

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
        read(variables, PROPERTIES, found);
        SERVERS.forEach((host, properties) -> {
            if (variables.getProperty(host) != null) {
                read(variables, properties, found);
            }
        });
        environment
                .getPropertySources()
                .addAfter(variables.getName(), new MapPropertySource("jubileeEvents", found));
    }

    private static void read(
            PropertySource<?> variables, Map<String, String> properties, Map<String, Object> into) {
        properties.forEach((variable, property) -> {
            Object value = variables.getProperty(variable);
            if (value != null) {
                into.put(property, value);
            }
        });
    }
}
