package dev.jubilee.events.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.micrometer.MicrometerEventTracker;
import dev.jubilee.events.rabbitmq.RabbitSettings;
import dev.jubilee.events.redis.RedisAddress;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every environment variable of the event system's guide is read, by its name, and documented. */
class GuideEnvironmentTest {
    private static final Path REFERENCE = Path.of("../../docs/reference/event-library.md");

    /** Notes which variables are asked for. */
    private static final class Asked extends HashMap<String, String> {
        private static final long serialVersionUID = 1L;

        final transient Set<Object> names = new HashSet<>();

        @Override
        public @Nullable String get(Object name) {
            names.add(name);
            return super.get(name);
        }

        @Override
        public String getOrDefault(Object name, String otherwise) {
            names.add(name);
            return super.getOrDefault(name, otherwise);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "REDIS_EVENT_STORE_HOST",
                "REDIS_EVENT_STORE_PORT",
                "REDIS_EVENT_STORE_PASSWORD",
                "REDIS_EVENT_STORE_DB",
                "RABBITMQ_HOST",
                "RABBITMQ_PORT",
                "RABBITMQ_USERNAME",
                "RABBITMQ_PASSWORD",
                "RABBITMQ_VHOST",
                "EVENT_RETRY_MAX_ATTEMPTS",
                "EVENT_RETRY_DELAY",
                "EVENT_DEAD_LETTER_ENABLED",
                "EVENT_TRACKING_ENABLED"
            })
    void aVariableOfTheGuideIsReadByTheLibraryAndTheStarterAndDocumented(String variable)
            throws IOException {
        assertThat(askedOfTheLibrary()).contains(variable);
        assertThat(GuideVariables.names()).contains(variable);
        assertThat(Files.readString(REFERENCE)).contains("| `" + variable + "` |");
    }

    private static Set<Object> askedOfTheLibrary() {
        Asked environment = new Asked();
        var unused =
                Map.of(
                        "bus", BusSettings.fromEnvironment(environment),
                        "rabbitmq", RabbitSettings.fromEnvironment(environment),
                        "store", RedisAddress.ofEventStore(environment),
                        "tracker",
                                MicrometerEventTracker.fromEnvironment(
                                        environment,
                                        new SimpleMeterRegistry(),
                                        InstantSource.system()));
        return environment.names;
    }
}
