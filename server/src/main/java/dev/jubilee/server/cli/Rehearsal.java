package dev.jubilee.server.cli;

import dev.jubilee.server.Jubilee;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.util.List;

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
            for (String url :
                    List.of(
                            base + jubilee.metricsPort() + "/metrics",
                            base + jubilee.metricsPort() + "/health",
                            base + jubilee.busPort() + "/health",
                            base + jubilee.busPort() + "/topics",
                            base + jubilee.liveOpsPort() + "/events")) {
                HttpURLConnection connection =
                        (HttpURLConnection) URI.create(url).toURL().openConnection();
                connection.setRequestProperty("Authorization", "Bearer " + key);
                connection.setConnectTimeout(TIMEOUT_MILLIS);
                connection.setReadTimeout(TIMEOUT_MILLIS);
                connection.getResponseCode();
                connection.disconnect();
            }
        } catch (IOException e) {
            throw new IllegalStateException("the rehearsal got no answer", e);
        }
    }
}
