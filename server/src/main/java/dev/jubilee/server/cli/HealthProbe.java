package dev.jubilee.server.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks the platform on this machine how it is. */
record HealthProbe(int port) {
    private static final int TIMEOUT_MILLIS = 3_000;
    private static final int DEFAULT_PORT = 9093;

    /** What it answered: the status code and the body. */
    record Answer(int status, String body) {}

    static HealthProbe ofEnvironment() {
        return of(System.getenv());
    }

    static HealthProbe of(Map<String, String> settings) {
        String port = settings.getOrDefault("JUBILEE_METRICS_PORT", "");
        return new HealthProbe(port.matches("\\d{1,5}") ? Integer.parseInt(port) : DEFAULT_PORT);
    }

    boolean ready() {
        Answer answer = ask();
        return answer != null && answer.status() == HttpURLConnection.HTTP_OK;
    }

    /** The answer, or null when nothing answers. */
    @Nullable Answer ask() {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection)
                            URI.create("http://127.0.0.1:" + port + "/health")
                                    .toURL()
                                    .openConnection();
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            int status = connection.getResponseCode();
            InputStream body =
                    status < HttpURLConnection.HTTP_BAD_REQUEST
                            ? connection.getInputStream()
                            : connection.getErrorStream();
            return new Answer(
                    status,
                    body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return null;
        }
    }
}
