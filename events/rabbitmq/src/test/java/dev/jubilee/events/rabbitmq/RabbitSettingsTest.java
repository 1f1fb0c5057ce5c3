package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RabbitSettingsTest {
    private static final Path REFERENCE = Path.of("../../docs/reference/event-library.md");
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `(RABBITMQ_[A-Z]+)` \\| `([^`]*)` \\|");

    @Test
    void theEnvironmentsVariablesCount() {
        RabbitSettings settings =
                RabbitSettings.fromEnvironment(
                        Map.of(
                                "RABBITMQ_HOST", "rabbitmq.production.com",
                                "RABBITMQ_PORT", "5673",
                                "RABBITMQ_USERNAME", "app",
                                "RABBITMQ_PASSWORD", "secret",
                                "RABBITMQ_VHOST", "/prod",
                                "EVENT_RETRY_MAX_ATTEMPTS", "5"));

        assertThat(settings.toString())
                .isEqualTo(
                        "RabbitSettings[app@rabbitmq.production.com:5673/prod, exchange events]");
        assertThat(settings.password()).isEqualTo("secret");
        assertThat(settings.bus().retry().maxAttempts()).isEqualTo(5);
    }

    @Test
    void theReferenceHasEveryVariableWithItsDefault() throws IOException {
        RabbitSettings defaults = RabbitSettings.fromEnvironment(Map.of());
        Map<String, String> documented = new TreeMap<>();
        ROW.matcher(Files.readString(REFERENCE))
                .results()
                .forEach((MatchResult row) -> documented.put(row.group(1), row.group(2)));

        assertThat(documented)
                .isEqualTo(
                        Map.of(
                                "RABBITMQ_HOST", defaults.host(),
                                "RABBITMQ_PORT", Integer.toString(defaults.port()),
                                "RABBITMQ_USERNAME", defaults.username(),
                                "RABBITMQ_PASSWORD", defaults.password(),
                                "RABBITMQ_VHOST", defaults.virtualHost()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"amqp", "0", "65536", ""})
    void aPortThatIsNoneIsRefusedByItsName(String port) {
        assertThatThrownBy(() -> RabbitSettings.fromEnvironment(Map.of("RABBITMQ_PORT", port)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("RABBITMQ_PORT must be 1 to 65535, was '" + port + "'");
    }
}
