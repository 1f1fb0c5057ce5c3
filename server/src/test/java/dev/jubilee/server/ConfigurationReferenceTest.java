package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.config.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The reference names every setting, and no other. */
final class ConfigurationReferenceTest {
    private static final Pattern NAME = Pattern.compile("`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`");

    @Test
    void everySettingIsInTheReferenceAndNoOther() throws IOException {
        assertThat(documented()).isEqualTo(JubileeSettings.names());
    }

    @Test
    void whatWouldPromiseMoreThanIsDoneIsRefused() {
        assertThatThrownBy(() -> read(Map.of("EVENT_BUS_ENCRYPTION_ENABLED", "true")))
                .hasMessageContaining("EVENT_BUS_ENCRYPTION_ENABLED");
        assertThatThrownBy(() ->
                        read(
                                Map.of(
                                        "KAFKA_SESSION_TIMEOUT",
                                        "9s",
                                        "KAFKA_HEARTBEAT_INTERVAL",
                                        "4s")))
                .hasMessageContaining("KAFKA_HEARTBEAT_INTERVAL");
    }

    private static void read(Map<String, String> given) {
        JubileeSettings.from(new SettingsReader(given), true);
    }

    private static Set<String> documented() throws IOException {
        String tables =
                Files.readString(Path.of("../docs/reference/configuration.md"))
                        .lines()
                        .filter(line -> line.startsWith("| `"))
                        .map(line -> line.substring(0, line.indexOf('|', 2)))
                        .collect(Collectors.joining("\n"));
        return NAME.matcher(tables)
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
