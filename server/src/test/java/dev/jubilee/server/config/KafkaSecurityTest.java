package dev.jubilee.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.config.types.Password;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaSecurityTest {
    private static final String LOGIN =
            "org.apache.kafka.common.security.plain.PlainLoginModule required"
                    + " username=\"jubilee\" password=\"hush\";";

    @TempDir Path folder;

    private static KafkaSecurity read(Map<String, String> given) {
        Map<String, String> all = new HashMap<>(given);
        all.putIfAbsent("KAFKA_BROKERS", "kafka:9092");
        return check(all);
    }

    private static KafkaSecurity check(Map<String, String> all) {
        SettingsReader reader = new SettingsReader(all);
        KafkaSecurity security = ServerSettings.from(reader).kafkaSecurity();
        reader.check();
        return security;
    }

    @Test
    void everySettingIsThePropertyOfItsName() throws Exception {
        String store = Files.writeString(folder.resolve("store"), "").toString();
        Map<String, Object> properties =
                read(Map.ofEntries(
                                Map.entry("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
                                Map.entry("KAFKA_SASL_MECHANISM", "PLAIN"),
                                Map.entry("KAFKA_SASL_JAAS_CONFIG", LOGIN),
                                Map.entry("KAFKA_SSL_TRUSTSTORE_LOCATION", store),
                                Map.entry("KAFKA_SSL_TRUSTSTORE_PASSWORD", "t"),
                                Map.entry("KAFKA_SSL_TRUSTSTORE_TYPE", "PKCS12"),
                                Map.entry("KAFKA_SSL_KEYSTORE_LOCATION", store),
                                Map.entry("KAFKA_SSL_KEYSTORE_PASSWORD", "k"),
                                Map.entry("KAFKA_SSL_KEYSTORE_TYPE", "PEM"),
                                Map.entry("KAFKA_SSL_KEY_PASSWORD", "p"),
                                Map.entry("KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", "none")))
                        .properties();

        assertThat(properties)
                .containsOnly(
                        Map.entry("security.protocol", "SASL_SSL"),
                        Map.entry("sasl.mechanism", "PLAIN"),
                        Map.entry("sasl.jaas.config", new Password(LOGIN)),
                        Map.entry("ssl.truststore.location", store),
                        Map.entry("ssl.truststore.password", new Password("t")),
                        Map.entry("ssl.truststore.type", "PKCS12"),
                        Map.entry("ssl.keystore.location", store),
                        Map.entry("ssl.keystore.password", new Password("k")),
                        Map.entry("ssl.keystore.type", "PEM"),
                        Map.entry("ssl.key.password", new Password("p")),
                        Map.entry("ssl.endpoint.identification.algorithm", ""));
        assertThat(AdminClientConfig.configNames()).containsAll(properties.keySet());
    }

    @Test
    void withoutAnyNothingIsPassed() {
        assertThat(read(Map.of()).isSet()).isFalse();
    }

    @Test
    void noSecretIsWritten() {
        KafkaSecurity security =
                read(
                        Map.of(
                                "KAFKA_SECURITY_PROTOCOL", "SASL_SSL",
                                "KAFKA_SASL_MECHANISM", "PLAIN",
                                "KAFKA_SASL_JAAS_CONFIG", LOGIN));
        assertThat(security.toString()).contains("PLAIN").doesNotContain("hush");
        assertThatThrownBy(() ->
                        read(
                                Map.of(
                                        "KAFKA_SECURITY_PROTOCOL", "SASL_SSL",
                                        "KAFKA_SASL_MECHANISM", "PLAIN",
                                        "KAFKA_SASL_JAAS_CONFIG",
                                                LOGIN.replace("\"hush\"", "two hush"))))
                .hasMessageContaining("KAFKA_SASL_JAAS_CONFIG")
                .hasMessageNotContaining("hush");
    }

    @Test
    void whatDoesNotFitTogetherIsRefusedByName() {
        refuses("KAFKA_SECURITY_PROTOCOL", Map.of("KAFKA_SECURITY_PROTOCOL", "TLS"));
        refuses("KAFKA_SASL_MECHANISM", Map.of("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"));
        refuses("KAFKA_SASL_JAAS_CONFIG", Map.of("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"));
        // A password that would be sent in clear text, or not at all.
        refuses("KAFKA_SECURITY_PROTOCOL", Map.of("KAFKA_SASL_JAAS_CONFIG", LOGIN));
        refuses(
                "KAFKA_SECURITY_PROTOCOL",
                Map.of("KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", "https"));
        refuses(
                "KAFKA_SSL_TRUSTSTORE_LOCATION",
                Map.of(
                        "KAFKA_SECURITY_PROTOCOL",
                        "SSL",
                        "KAFKA_SSL_TRUSTSTORE_LOCATION",
                        folder.resolve("none").toString()));
        refuses(
                "KAFKA_SSL_KEYSTORE_LOCATION",
                Map.of("KAFKA_SECURITY_PROTOCOL", "SSL", "KAFKA_SSL_KEYSTORE_PASSWORD", "hush"));
    }

    @Test
    void theEmbeddedKafkaAsksNothing() {
        assertThatThrownBy(() -> check(Map.of("KAFKA_SECURITY_PROTOCOL", "SSL")))
                .hasMessageContaining("KAFKA_BROKERS");
    }

    private static void refuses(String name, Map<String, String> given) {
        assertThatThrownBy(() -> read(given))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining(name + " is ")
                .hasMessageNotContaining("hush");
    }
}
