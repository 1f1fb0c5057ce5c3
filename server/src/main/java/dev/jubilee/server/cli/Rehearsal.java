package dev.jubilee.server.cli;

import dev.jubilee.server.Jubilee;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;

/**
 * Asks a platform that is being rehearsed what every first user asks, so that the start-up cache
 * holds it.
 */
final class Rehearsal {
    private static final int TIMEOUT_MILLIS = 10_000;

    private Rehearsal() {}

    static void play(String host, Jubilee jubilee) {
        String base = "http://" + Welcome.reachable(host) + ":";
        try {
            String key = Files.readString(jubilee.adminKeyFile()).strip();
            ask(base + jubilee.metricsPort(), key, "/metrics", "/health");
            if (jubilee.busPort() != 0) {
                ask(base + jubilee.busPort(), key, "/health", "/topics");
            }
            if (jubilee.liveOpsPort() != 0) {
                ask(base + jubilee.liveOpsPort(), key, "/events");
            }
        } catch (IOException e) {
            throw new IllegalStateException("the rehearsal got no answer", e);
        }
    }

    private static void ask(String port, String key, String... paths) throws IOException {
        for (String path : paths) {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create(port + path).toURL().openConnection();
            connection.setRequestProperty("Authorization", "Bearer " + key);
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            connection.getResponseCode();
            connection.disconnect();
        }
    }
}
