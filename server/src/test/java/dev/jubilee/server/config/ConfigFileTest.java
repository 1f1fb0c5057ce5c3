package dev.jubilee.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.JubileeSettings;
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

        assertThat(ConfigFile.over(Map.of(), null, folder, JubileeSettings.names()))
                .containsEntry("SERVER_PORT", "8092")
                .containsEntry("SERVER_HOST", "0.0.0.0")
                .containsEntry("DATABASE_POOL_SIZE", "20")
                .containsEntry("KAFKA_BROKERS", "a:9092,b:9092")
                .containsEntry("CHAOS_BACKEND_URL", "grpc://chaos:9090")
                .containsEntry("MAX_EVENTS", "12")
                .containsEntry("AUTO_START_EVENTS", "true");
    }

    @Test
    void theSectionMayBePartOfTheName() throws IOException {
        write(
                """
                event_bus: {port: 18083, event_bus_worker_pool_size: 4}
                jwt: {jwks_url: "https://issuer.example/keys"}
                rabbitmq: {host: "rabbit"}
                """);

        assertThat(ConfigFile.over(Map.of(), null, folder, JubileeSettings.names()))
                .containsOnly(
                        Map.entry("EVENT_BUS_PORT", "18083"),
                        Map.entry("EVENT_BUS_WORKER_POOL_SIZE", "4"),
                        Map.entry("JWT_JWKS_URL", "https://issuer.example/keys"),
                        Map.entry("RABBITMQ_HOST", "rabbit"));
    }

    @Test
    void anEmptyVariableHidesNothing() throws IOException {
        write("database: {url: \"postgresql://db/game\"}");

        assertThat(
                        ConfigFile.over(
                                Map.of("DATABASE_URL", " "), null, folder, JubileeSettings.names()))
                .containsEntry("DATABASE_URL", "postgresql://db/game");
    }

    @Test
    void aFileWithoutSectionsIsRefused() throws IOException {
        write("SERVER_PORT=8092\nSERVER_HOST=localhost\n");

        assertThatThrownBy(() -> ConfigFile.over(Map.of(), null, folder, JubileeSettings.names()))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("sections");
    }

    @Test
    void whatIsNoSettingIsRefusedWithWhatItWasLikelyMeantToBe() throws IOException {
        write(
                """
                sever: {port: 8092}
                server: {prt: 8092, host: "0.0.0.0"}
                event_settings: {max_evnts: 12}
                database: {ssl_mode: "prefer"}
                """);

        assertThatThrownBy(() -> ConfigFile.over(Map.of(), null, folder, JubileeSettings.names()))
                .isInstanceOfSatisfying(
                        InvalidSettingsException.class,
                        refused ->
                                assertThat(refused.faults())
                                        .satisfiesExactly(
                                                fault ->
                                                        assertThat(fault)
                                                                .contains("\"sever\"")
                                                                .endsWith(" SERVER_PORT"),
                                                fault ->
                                                        assertThat(fault)
                                                                .startsWith(
                                                                        "PRT, in section \"server\"")
                                                                .endsWith(" SERVER_PORT"),
                                                fault ->
                                                        assertThat(fault)
                                                                .startsWith("MAX_EVNTS,")
                                                                .endsWith(" MAX_EVENTS")));
    }

    /** As the requirements show it, with what this version does not act on. */
    @Test
    void theDocumentedFileIsTakenWhole() throws IOException {
        write(
                """
                server: {port: 8092, host: "0.0.0.0", workers: 4, max_connections: 10000}
                database: {url: "postgresql://u:p@localhost/db", pool_size: 20, timeout: "30s", ssl_mode: "prefer"}
                redis: {url: "redis://localhost:6379", password: "secret", db: 10, pool_size: 100}
                kafka: {brokers: ["localhost:9092"], topic_prefix: "events", group_id: "event_service", auto_offset_reset: "latest"}
                external_services:
                  chaos_backend: {url: "grpc://chaos-backend:9090", timeout: "5s", retries: 3}
                  notification_service: {url: "grpc://notification-service:9095", timeout: "5s", retries: 3}
                  analytics_service: {url: "grpc://analytics-service:9097", timeout: "5s", retries: 3}
                event_settings: {max_events: 1000, max_participants_per_event: 10000, event_cache_ttl: 3600,
                  schedule_check_interval: 60, auto_start_events: true, auto_end_events: true, reward_claim_timeout: 86400}
                schedule_settings: {max_schedules: 10000, schedule_check_interval: 60, timezone_default: "UTC",
                  cron_timezone: "UTC", schedule_retry_attempts: 3, schedule_retry_delay: 300}
                reward_settings: {max_rewards_per_event: 100, reward_claim_timeout: 86400,
                  reward_validation_enabled: true, reward_duplicate_check: true, reward_audit_logging: true}
                notification_settings: {event_start_notification: true, event_end_notification: true,
                  reward_available_notification: true, reminder_notifications: true,
                  notification_channels: ["push", "email", "in_game"]}
                """);

        assertThat(ConfigFile.over(Map.of(), null, folder, JubileeSettings.names()))
                .containsEntry("SERVER_PORT", "8092")
                .containsEntry("MAX_EVENTS", "1000");
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws IOException {
        write("server: {port: 1}");

        assertThat(
                        ConfigFile.over(
                                Map.of("SERVER_PORT", "2"), null, folder, JubileeSettings.names()))
                .containsEntry("SERVER_PORT", "2");
    }

    @Test
    void aSettingGivenTwiceWithTwoValuesIsRefused() throws IOException {
        write(
                """
                event_settings: {reward_claim_timeout: 1}
                reward_settings: {reward_claim_timeout: 2}
                """);

        assertThatThrownBy(() -> ConfigFile.over(Map.of(), null, folder, JubileeSettings.names()))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("REWARD_CLAIM_TIMEOUT")
                .hasMessageContaining("\"1\"")
                .hasMessageContaining("\"2\"");
    }

    @Test
    void aFileThatIsNamedMustBeThere() {
        assertThatThrownBy(() ->
                        ConfigFile.over(
                                Map.of("JUBILEE_CONFIG", "nowhere.yaml"),
                                null,
                                folder,
                                JubileeSettings.names()))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("nowhere.yaml");
    }

    private void write(String yaml) throws IOException {
        Files.writeString(folder.resolve("event-config.yaml"), yaml);
    }
}
