package dev.jubilee.server.credentials;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.config.InvalidSettingsException;
import dev.jubilee.server.config.SettingsReader;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CredentialSettingsTest {
    @Test
    void anIssuerWithoutItsKeysIsRefused() {
        SettingsReader reader = new SettingsReader(Map.of("JWT_ISSUER", "https://issuer.example"));

        CredentialSettings.from(reader);

        assertThatThrownBy(reader::check)
                .isInstanceOfSatisfying(
                        InvalidSettingsException.class,
                        refused ->
                                assertThat(refused.faults())
                                        .singleElement()
                                        .asString()
                                        .startsWith("JWT_ISSUER is \"https://issuer.example\"")
                                        .contains("JWT_JWKS_URL"));
    }
}
