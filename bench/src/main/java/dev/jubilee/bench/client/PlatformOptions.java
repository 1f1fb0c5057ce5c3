package dev.jubilee.bench.client;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Where the platform is. The defaults are those of {@code ./jubilee up} in the same environment.
 */
public final class PlatformOptions {
    @Option(
            names = "--url-bus",
            paramLabel = "URL",
            description = "the bus (http://127.0.0.1:8083, or EVENT_BUS_PORT)")
    private @Nullable URI bus;

    @Option(
            names = "--url-liveops",
            paramLabel = "URL",
            description = "live-ops (http://127.0.0.1:8092, or SERVER_PORT)")
    private @Nullable URI liveops;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "the platform's data folder (JUBILEE_HOME, or .jubilee)")
    private @Nullable Path home;

    @Option(
            names = "--key",
            paramLabel = "KEY|FILE",
            description = "an admin key, or a file that holds one (admin.key in the data folder)")
    private @Nullable String key;

    /** The data folder; it need not exist when the platform is elsewhere. */
    public Path home() {
        if (home != null) {
            return home;
        }
        String set = System.getenv("JUBILEE_HOME");
        return Path.of(set == null || set.isBlank() ? ".jubilee" : set);
    }

    /** The platform as these options say. */
    public Platform connect() {
        return new Platform(
                bus == null ? local("EVENT_BUS_PORT", 8083) : bus,
                liveops == null ? local("SERVER_PORT", 8092) : liveops,
                adminKey());
    }

    private static URI local(String setting, int otherwise) {
        String port = System.getenv(setting);
        return URI.create(
                "http://127.0.0.1:" + (port == null || port.isBlank() ? otherwise : port.strip()));
    }

    private String adminKey() {
        Path file = key == null ? home().resolve("admin.key") : Path.of(key);
        try {
            if (Files.isRegularFile(file)) {
                return Files.readString(file).strip();
            }
        } catch (IOException e) {
            throw new PlatformException("Cannot read the admin key in " + file + ": " + e, e);
        }
        if (key != null) {
            return key;
        }
        throw new PlatformException(
                "No admin key in " + file + ". Is `./jubilee up` running? --key names another.");
    }
}
