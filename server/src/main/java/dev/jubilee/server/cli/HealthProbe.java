package dev.jubilee.server.cli;

import dev.jubilee.server.JubileeSettings;
import dev.jubilee.server.config.ConfigFile;
import dev.jubilee.server.config.ServerSettings;
import dev.jubilee.server.config.SettingsReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Asks the platform on this machine how it is.
 *
 * @param address where its metrics port is: {@code host:port}
 */
record HealthProbe(String address) {
    private static final int TIMEOUT_MILLIS = 3_000;

    /** What it answered: the status code and the body. */
    record Answer(int status, String body) {}

    /**
     * Asks where {@code up} listens that is started with the same settings.
     *
     * @param config the file named on the command line
     * @param folder where a file that is not named is looked for
     * @throws dev.jubilee.server.config.InvalidSettingsException as {@code up} does
     */
    static HealthProbe of(Map<String, String> environment, @Nullable Path config, Path folder) {
        SettingsReader reader =
                new SettingsReader(
                        ConfigFile.over(environment, config, folder, JubileeSettings.names()));
        ServerSettings server = ServerSettings.from(reader);
        reader.check();
        return new HealthProbe(Welcome.reachable(server.host()) + ":" + server.metricsPort());
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
                            URI.create("http://" + address + "/health").toURL().openConnection();
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
