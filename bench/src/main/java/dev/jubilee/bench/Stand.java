package dev.jubilee.bench;

import dev.jubilee.bench.client.Platform;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What the scenarios of one run share. Not thread-safe: they run one after the other. */
final class Stand implements AutoCloseable {
    /** The topic that everything is published to which nobody subscribes to. */
    static final String TOPIC = "bench.events";

    private static final Duration WARM_UP = Duration.ofSeconds(3);
    private static final int LOOPS = 2;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration GLANCE = Duration.ofMillis(100);

    private final Platform platform;
    private final Installation installation;
    private final Wrk wrk;
    private final Path folder;
    private final Duration duration;
    private final OptionalInt rate;
    private final String run;
    private final PrintStream progress;
    private @Nullable Echo echo;
    private @Nullable Tokens tokens;
    private int files;

    /**
     * @param folder for what the load generators read
     * @param rate overrides the rate of the scenario's steady phase
     * @param run makes names of this run its own
     */
    Stand(
            Platform platform,
            Installation installation,
            Wrk wrk,
            Path folder,
            Duration duration,
            OptionalInt rate,
            String run,
            PrintStream progress) {
        this.platform = platform;
        this.installation = installation;
        this.wrk = wrk;
        this.folder = folder;
        this.duration = duration;
        this.rate = rate;
        this.run = run;
        this.progress = progress;
    }

    Platform platform() {
        return platform;
    }

    Installation installation() {
        return installation;
    }

    Wrk wrk() {
        return wrk;
    }

    Path folder() {
        return folder;
    }

    Duration duration() {
        return duration;
    }

    Duration warmUp() {
        return WARM_UP;
    }

    /** Says when the platform has been warmed up. */
    Warmth warmth() {
        return Warmth.of(installation);
    }

    /**
     * Waits until what players did has been told on the bus and stored, so that the next phase is
     * by itself.
     */
    void calm() {
        say("waiting for the consumers");
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (installation.count("SELECT count(*) FROM platform.outbox", null) > 0
                && System.nanoTime() < end) {
            LockSupport.parkNanos(GLANCE.toNanos());
        }
        try (LagWatch lag = LagWatch.of(installation, "liveops.events")) {
            lag.awaitCaughtUp(PATIENCE);
        }
    }

    int rate(int usual) {
        return rate.orElse(usual);
    }

    String run() {
        return run;
    }

    /** Tells whoever waits what happens now. */
    void say(String what) {
        progress.println("  … " + what);
    }

    Meter meter() {
        return Meter.of(installation);
    }

    /** The bare echo, started when first asked for. */
    Echo echo() {
        Echo known = echo;
        if (known == null) {
            known = Echo.start(installation.jvmOptions(), LOOPS);
            echo = known;
        }
        return known;
    }

    /** What the bare echo, warmed up, answers in a second under this load. */
    double echoed(Wrk wrk, Load load) {
        say("the bare echo");
        echo().warmUp(wrk, load, warmUp());
        return wrk.saturate(load, duration).throughput();
    }

    /** At least so many tokens of players of this run. */
    List<String> tokens(int count) {
        Tokens known = tokens;
        if (known == null) {
            known = new Tokens(this);
            tokens = known;
        }
        return known.atLeast(count);
    }

    /** A file with this text. */
    Path file(String text) {
        Path file = folder.resolve("load-" + files++);
        try {
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BenchException("Cannot write " + file + ": " + e, e);
        }
        return file;
    }

    /** A file of these lines. */
    Path lines(Iterable<String> lines) {
        Path file = folder.resolve("load-" + files++);
        try {
            Files.write(file, lines, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BenchException("Cannot write " + file + ": " + e, e);
        }
        return file;
    }

    /** Makes {@link #TOPIC} unless it is there. */
    void topic() {
        topic(TOPIC);
    }

    /** Makes a topic unless it is there. */
    void topic(String name) {
        if (platform.busGet("/topics/" + name).status() == 200) {
            return;
        }
        Map<String, Object> topic =
                Map.of(
                        "name",
                        name,
                        "description",
                        "What ./jubilee bench publishes",
                        "partitions",
                        6,
                        "replication_factor",
                        1,
                        "retention_hours",
                        1,
                        "category",
                        "game",
                        "owner_service",
                        "bench");
        platform.busPost("/topics", topic, Map.of()).expect("Creating the topic " + name);
    }

    @Override
    public void close() {
        if (echo != null) {
            echo.close();
        }
    }
}
