package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.config.InvalidSettingsException;
import dev.jubilee.server.config.SettingsReader;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

final class JubileeSettingsTest {
    /** They would share its connections, and each would answer some with 404. */
    @Test
    void twoPortsOfOneNumberAreRefused() {
        assertThat(faults(Map.of("SERVER_PORT", "8083")))
                .containsExactly(
                        "SERVER_PORT is \"8083\"; allowed is a port other than that of EVENT_BUS_PORT");
        assertThat(faults(Map.of("JUBILEE_METRICS_PORT", "8092")))
                .singleElement()
                .asString()
                .startsWith("JUBILEE_METRICS_PORT");
        Map<String, String> free =
                Map.of("SERVER_PORT", "0", "EVENT_BUS_PORT", "0", "JUBILEE_METRICS_PORT", "0");
        assertThat(JubileeSettings.from(new SettingsReader(free), true)).isNotNull();
        Map<String, String> one = Map.of("JUBILEE_ROLES", "bus", "SERVER_PORT", "8083");
        assertThat(JubileeSettings.from(new SettingsReader(one), true)).isNotNull();
    }

    @Test
    void theAddressOfAnotherDatabaseIsRefusedByNameAndWithoutItsPassword() {
        for (String rest : List.of("me:secret@db/game", "me:a/secret@db/game")) {
            assertThat(faults(Map.of("DATABASE_URL", "mysql://" + rest)))
                    .singleElement()
                    .asString()
                    .startsWith("DATABASE_URL is \"mysql://…\"")
                    .doesNotContain("secret");
        }
        assertThat(faults(Map.of("DATABASE_URL", "me:secret@db/game")))
                .singleElement()
                .asString()
                .doesNotContain("secret");
    }

    private static List<String> faults(Map<String, String> given) {
        SettingsReader reader = new SettingsReader(given);
        return assertThatThrownBy(() -> JubileeSettings.from(reader, false))
                .asInstanceOf(InstanceOfAssertFactories.type(InvalidSettingsException.class))
                .actual()
                .faults();
    }
}
