package dev.jubilee.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.jubilee.server.config.InvalidSettingsException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthProbeTest {
    @TempDir Path folder;

    @Test
    void asksWhereUpListensByDefault() {
        assertThat(address(Map.of())).isEqualTo("127.0.0.1:9093");
        assertThat(address(Map.of("SERVER_HOST", "0.0.0.0", "JUBILEE_METRICS_PORT", "7000")))
                .isEqualTo("127.0.0.1:7000");
        assertThat(address(Map.of("SERVER_HOST", "10.0.0.5"))).isEqualTo("10.0.0.5:9093");
        assertThat(address(Map.of("SERVER_HOST", "::1"))).isEqualTo("[::1]:9093");
    }

    @Test
    void readsTheFileThatUpReads() throws IOException {
        Path named = folder.resolve("named.yaml");
        Files.writeString(
                named, "server: {host: 10.0.0.7}\njubilee: {jubilee_metrics_port: 7007}\n");
        assertThat(HealthProbe.of(Map.of(), named, folder).address()).isEqualTo("10.0.0.7:7007");
        assertThat(address(Map.of("JUBILEE_CONFIG", named.toString()))).isEqualTo("10.0.0.7:7007");

        Files.move(named, folder.resolve("event-config.yaml"));
        assertThat(address(Map.of())).isEqualTo("10.0.0.7:7007");
        assertThat(address(Map.of("JUBILEE_METRICS_PORT", "7008"))).isEqualTo("10.0.0.7:7008");
    }

    @Test
    void saysWhatIsWrongWithTheSettings() {
        assertThatThrownBy(() -> address(Map.of("JUBILEE_METRICS_PORT", "many")))
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("JUBILEE_METRICS_PORT");
    }

    @Test
    void findsAPlatformThatListensOnAnotherAddressByItsFile() throws IOException {
        // All of 127.0.0.0/8 is this machine's.
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.9"), 0), 0);
        server.createContext(
                "/health",
                exchange -> {
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        server.start();
        try {
            Files.writeString(
                    folder.resolve("event-config.yaml"),
                    "server: {host: 127.0.0.9}\njubilee: {jubilee_metrics_port: %d}\n"
                            .formatted(server.getAddress().getPort()));
            assertThat(HealthProbe.of(Map.of(), null, folder).ready()).isTrue();
        } finally {
            server.stop(0);
        }
        assertThat(HealthProbe.of(Map.of(), null, folder).ready()).isFalse();
    }

    private String address(Map<String, String> environment) {
        return HealthProbe.of(environment, null, folder).address();
    }
}
