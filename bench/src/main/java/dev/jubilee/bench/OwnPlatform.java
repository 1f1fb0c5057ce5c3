package dev.jubilee.bench;

import dev.jubilee.bench.client.Platform;
import dev.jubilee.bench.client.PlatformException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A platform of this run's own, started by the launcher and ended with the run. */
final class OwnPlatform implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration PATIENCE_FOR_CACHE = Duration.ofMinutes(5);

    /** By then it has begun to make its start-up cache, if ever it does. */
    private static final Duration BEGINNING = Duration.ofSeconds(20);

    private static final Duration GLANCE = Duration.ofMillis(200);

    private final Process process;
    private final Path home;
    private final int bus;
    private final int liveops;

    private OwnPlatform(Process process, Path home, int bus, int liveops) {
        this.process = process;
        this.home = home;
        this.bus = bus;
        this.liveops = liveops;
    }

    /**
     * Starts one; its data is in the folder.
     *
     * @throws BenchException when it does not become ready
     */
    static OwnPlatform start(Path folder) {
        Path home = folder.resolve("home");
        int bus = freePort();
        int liveops = freePort();
        ProcessBuilder builder =
                new ProcessBuilder(launcher().toString(), "up")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("up.log").toFile());
        builder.environment().keySet().removeAll(List.of("DATABASE_URL", "KAFKA_BROKERS"));
        builder.environment()
                .putAll(
                        Map.of(
                                "JUBILEE_HOME", home.toString(),
                                "EVENT_BUS_PORT", Integer.toString(bus),
                                "SERVER_PORT", Integer.toString(liveops),
                                "JUBILEE_METRICS_PORT", Integer.toString(freePort())));
        try {
            // Programs that lost root must be able to pass through the folder.
            folder.toFile().setExecutable(true, false);
            OwnPlatform own = new OwnPlatform(builder.start(), home, bus, liveops);
            own.awaitReady(folder.resolve("up.log"));
            own.awaitCache();
            return own;
        } catch (IOException e) {
            throw new BenchException("The platform cannot be started: " + e.getMessage(), e);
        }
    }

    /** The launcher stands above the folder in which these classes were built. */
    private static Path launcher() {
        String told = System.getProperty("jubilee.launcher");
        Path here = told == null ? classes() : Path.of(told);
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            Path launcher = told == null ? folder.resolve("jubilee") : folder;
            if (Files.isRegularFile(launcher) && Files.isExecutable(launcher)) {
                return launcher;
            }
        }
        throw new BenchException("--up finds no launcher above " + here);
    }

    private static Path classes() {
        try {
            return Path.of(
                    OwnPlatform.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new BenchException("--up finds no launcher: " + e.getMessage(), e);
        }
    }

    private void awaitReady(Path log) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (process.isAlive() && System.nanoTime() < deadline) {
            if (Files.exists(home.resolve("admin.key")) && answers()) {
                return;
            }
            LockSupport.parkNanos(GLANCE.toNanos());
        }
        String words = Files.exists(log) ? Files.readString(log).strip() : "";
        close();
        throw new BenchException("The platform does not become ready: " + words);
    }

    /**
     * A platform makes its start-up cache in the first minutes of its life, in what time the others
     * leave; beside it every figure would be that of a busier machine.
     */
    private void awaitCache() {
        Path cache = home.resolve("cache");
        Path made = cache.resolve("classpath");
        Path making = cache.resolve("training");
        long begun = System.nanoTime();
        long expected = BEGINNING.toNanos();
        while (process.isAlive() && !Files.exists(made) && System.nanoTime() - begun < expected) {
            if (Files.exists(making)) {
                expected = PATIENCE_FOR_CACHE.toNanos();
            } else if (expected == PATIENCE_FOR_CACHE.toNanos()) {
                break; // it has given up
            }
            LockSupport.parkNanos(GLANCE.toNanos());
        }
        if (!Files.exists(made)) {
            System.err.println("The platform has made no start-up cache; it is measured without.");
        }
    }

    private boolean answers() {
        try (Platform platform = connect()) {
            return platform.get("/health").ok() && platform.busGet("/health").ok();
        } catch (PlatformException e) {
            return false;
        }
    }

    Path home() {
        return home;
    }

    Platform connect() {
        try {
            return new Platform(
                    URI.create("http://127.0.0.1:" + bus),
                    URI.create("http://127.0.0.1:" + liveops),
                    Files.readString(home.resolve("admin.key")).strip());
        } catch (IOException e) {
            throw new BenchException("Cannot read the admin key: " + e, e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new BenchException("No free port: " + e, e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
