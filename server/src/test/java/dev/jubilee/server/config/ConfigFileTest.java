package dev.jubilee.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigFileTest {
    @TempDir Path folder;

    @Test
    void theFileGivesSettingsByTheNamesOfTheEnvironment() throws IOException {
        write(
                """
                server: {port: 8092, host: "0.0.0.0"}
                database: {url: "postgresql://u:p@localhost/db", pool_size: 20}
                kafka: {brokers: ["a:9092", "b:9092"]}
                external_services: {chaos_backend: {url: "grpc://chaos:9090", retries: 3}}
                event_settings: {max_events: 12, auto_start_events: true}
                """);

        assertThat(ConfigFile.over(Map.of(), null, folder))
                .containsEntry("SERVER_PORT", "8092")
                .containsEntry("SERVER_HOST", "0.0.0.0")
                .containsEntry("DATABASE_POOL_SIZE", "20")
                .containsEntry("KAFKA_BROKERS", "a:9092,b:9092")
                .containsEntry("CHAOS_BACKEND_URL", "grpc://chaos:9090")
                .containsEntry("MAX_EVENTS", "12")
                .containsEntry("AUTO_START_EVENTS", "true");
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws IOException {
        write("server: {port: 1}");

        assertThat(ConfigFile.over(Map.of("SERVER_PORT", "2"), null, folder))
                .containsEntry("SERVER_PORT", "2");
    }

    @Test
    void aSettingGivenTwiceWithTwoValuesIsRefused() throws IOException {
        write(
                """
                event_settings: {reward_claim_timeout: 1}
                reward_settings: {reward_claim_timeout: 2}
                """);

        assertThatThrownBy(() -> ConfigFile.over(Map.of(), null, folder))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("REWARD_CLAIM_TIMEOUT")
                .hasMessageContaining("\"1\"")
                .hasMessageContaining("\"2\"");
    }

    @Test
    void aFileThatIsNamedMustBeThere() {
        assertThatThrownBy(() ->
                        ConfigFile.over(Map.of("JUBILEE_CONFIG", "nowhere.yaml"), null, folder))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("nowhere.yaml");
    }

    private void write(String yaml) throws IOException {
        Files.writeString(folder.resolve("event-config.yaml"), yaml);
    }
}
