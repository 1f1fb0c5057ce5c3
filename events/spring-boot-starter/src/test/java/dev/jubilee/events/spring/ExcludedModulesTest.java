package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import java.io.File;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.StandardEnvironment;

/**
 * Applications on a class path that lacks what they excluded, classes of third parties included.
 */
class ExcludedModulesTest {
    private static final Pattern OPTIONAL =
            Pattern.compile(
                    "kafka|rabbitmq|amqp-client|redis|lettuce|postgres|micrometer-core|events.micrometer"
                            + "|spring-boot-health|spring-boot-actuator|spring-boot-micrometer");

    /** What runs there: seen from here it is another class, and only the JDK's types are shared. */
    public static final class Elsewhere {
        private Elsewhere() {}

        record Kill(String weapon) {}

        @Configuration(proxyBeanMethods = false)
        @EnableAutoConfiguration
        static class Guild {
            final List<String> seen = new ArrayList<>();

            @Bean
            EventTypes types() {
                return registry -> registry.type("game.kill", Kill.class);
            }

            @HandlesEvents(value = "game.*", synchronous = true)
            void killed(Kill kill) {
                seen.add(kill.weapon());
            }
        }

        /** What was handled; or, if the application did not start, why. */
        public static List<String> run(String setting) {
            StandardEnvironment environment = new StandardEnvironment();
            // Variables that name the servers of other tests say nothing here.
            environment
                    .getPropertySources()
                    .remove(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
            SpringApplication application =
                    new SpringApplicationBuilder(Guild.class)
                            .environment(environment)
                            .web(WebApplicationType.NONE)
                            .registerShutdownHook(false)
                            .properties(
                                    "spring.autoconfigure.exclude=org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
                                    setting)
                            .build();
            try (ConfigurableApplicationContext context = application.run()) {
                EventFactory events = context.getBean(EventFactory.class);
                context.getBean(EventBus.class)
                        .publish(events.domain("player", "ada", new Kill("bow")));
                return context.getBean(Guild.class).seen;
            } catch (RuntimeException e) {
                Throwable cause = e;
                while (cause.getCause() != null) {
                    cause = cause.getCause();
                }
                return List.of(String.valueOf(cause.getMessage()));
            }
        }
    }

    private static List<?> runElsewhere(String setting) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader ours = thread.getContextClassLoader();
        try (URLClassLoader loader = mandatoryClassPath()) {
            thread.setContextClassLoader(loader);
            Method run = loader.loadClass(Elsewhere.class.getName()).getMethod("run", String.class);
            return (List<?>) run.invoke(null, setting);
        } finally {
            thread.setContextClassLoader(ours);
        }
    }

    private static URLClassLoader mandatoryClassPath() throws MalformedURLException {
        List<URL> rest = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!OPTIONAL.matcher(entry).find()) {
                rest.add(Path.of(entry).toUri().toURL());
            }
        }
        return new URLClassLoader(rest.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    @Test
    void withoutAnyOptionalModuleTheBusRunsInMemory() throws Exception {
        assertThat(runElsewhere("spring.application.name=guild")).isEqualTo(List.of("bow"));
    }

    @ParameterizedTest
    @CsvSource({
        "jubilee.events.kafka.brokers=127.0.0.1:1, jubilee-events-kafka",
        "jubilee.events.rabbitmq.host=127.0.0.1, jubilee-events-rabbitmq",
        "jubilee.events.redis.host=127.0.0.1, jubilee-events-redis",
        "jubilee.events.transport=rabbitmq, jubilee-events-rabbitmq",
        "jubilee.events.transport=redis-pubsub, jubilee-events-redis",
        "jubilee.events.store.redis.host=127.0.0.1, jubilee-events-redis"
    })
    void aServerThatIsConfiguredForAMissingModuleIsRefused(String setting, String module)
            throws Exception {
        assertThat(runElsewhere(setting))
                .singleElement()
                .asString()
                .contains(module + " is missing")
                .doesNotContain("\n");
    }
}
