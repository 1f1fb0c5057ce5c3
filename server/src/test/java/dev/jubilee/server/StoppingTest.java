package dev.jubilee.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.testing.Platform;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What others see of the program while it ends. */
class StoppingTest {
    @RegisterExtension static final Platform platform = new Platform();

    @Test
    void whileRequestsAreStillAnsweredReadinessIsRed(@TempDir Path home) throws Exception {
        Jubilee jubilee = start(home);
        try (HttpClient client = HttpClient.newHttpClient();
                Socket busy = new Socket(InetAddress.getLoopbackAddress(), jubilee.busPort())) {
            Await.until("it is ready", () -> readiness(client, jubilee) == 200);
            // One more byte, and it is answered: the port waits for it.
            busy.getOutputStream().write(beginOfRequest(jubilee));
            assertThat(new String(busy.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 100");
            Thread closing = Thread.ofVirtual().start(jubilee::close);

            Await.until("it is not ready", () -> readiness(client, jubilee) == 503);

            busy.getOutputStream().write('}');
            closing.join();
        } finally {
            jubilee.close();
        }
    }

    private static byte[] beginOfRequest(Jubilee jubilee) throws IOException {
        String key = Files.readString(jubilee.adminKeyFile()).strip();
        return """
        POST /events/publish HTTP/1.1
        Host: x
        Authorization: Bearer %s
        Content-Type: application/json
        Content-Length: 2
        Expect: 100-continue

        {\
        """
                .formatted(key)
                .replace("\n", "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static int readiness(HttpClient client, Jubilee jubilee) throws Exception {
        URI ready = URI.create("http://127.0.0.1:" + jubilee.metricsPort() + "/health/ready");
        return client.send(HttpRequest.newBuilder(ready).build(), BodyHandlers.discarding())
                .statusCode();
    }

    private static Jubilee start(Path home) {
        Map<String, String> given = new HashMap<>();
        given.put("JUBILEE_HOME", home.toString());
        given.put("DATABASE_URL", platform.databaseUrl());
        given.put("DATABASE_USER", platform.user());
        given.put("DATABASE_PASSWORD", platform.password());
        given.put("KAFKA_BROKERS", platform.brokers());
        given.put("KAFKA_GROUP_ID", platform.prefix() + "jubilee");
        for (String port : List.of("EVENT_BUS_PORT", "SERVER_PORT", "JUBILEE_METRICS_PORT")) {
            given.put(port, "0");
        }
        JubileeSettings settings = JubileeSettings.from(new SettingsReader(given), true);
        return Jubilee.start(settings, true, InstantSource.system());
    }
}
