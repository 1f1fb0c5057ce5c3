package dev.jubilee.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The load generator <a href="https://github.com/wg/wrk">wrk</a>, driven by {@code load.lua}: of
 * those we tried it costs the least CPU a request, which matters on cores that it shares with what
 * it measures. One thread.
 */
public final class Wrk {
    private static final String MARK = "RESULT ";
    private static final int DRAIN_SECONDS = 1;
    private static final int PATIENCE_SECONDS = 30;

    private final Path script;
    private final int connections;

    private Wrk(Path script, int connections) {
        this.script = script;
        this.connections = connections;
    }

    /**
     * Finds wrk, or installs it where that is allowed.
     *
     * @param folder takes the script
     * @throws BenchException when there is none
     */
    public static Wrk in(Path folder, int connections) {
        if (!works()) {
            install();
        }
        if (!works()) {
            throw new BenchException(
                    "wrk is missing. Install it (Debian and Ubuntu: apt-get install wrk, macOS: brew"
                            + " install wrk) and try again.");
        }
        Path script = folder.resolve("load.lua");
        try (InputStream source = Wrk.class.getResourceAsStream("load.lua")) {
            if (source == null) {
                throw new IllegalStateException("load.lua is not among the resources");
            }
            Files.write(script, source.readAllBytes());
        } catch (IOException e) {
            throw new BenchException("Cannot write " + script + ": " + e, e);
        }
        return new Wrk(script, connections);
    }

    /** The same generator with another number of connections. */
    public Wrk connections(int other) {
        return new Wrk(script, other);
    }

    public int connections() {
        return connections;
    }

    private static boolean works() {
        return Tool.exitCode(List.of("wrk", "-v")) >= 0;
    }

    private static void install() {
        if (!"root".equals(System.getProperty("user.name"))
                || Tool.exitCode(List.of("apt-get", "--version")) != 0) {
            return;
        }
        System.err.println("Installing wrk …");
        Tool.exitCode(List.of("apt-get", "install", "-y", "-qq", "wrk"));
    }

    /** As fast as answers come. */
    public LoadResult saturate(Load load, Duration duration) {
        return run(load, duration, OptionalInt.empty());
    }

    /**
     * At a fixed rate, whatever the answers do; the latencies include what waiting requests would
     * have measured. Stops sending at the end and waits for what is under way.
     */
    public LoadResult steady(Load load, Duration duration, int rate) {
        return run(load, duration, OptionalInt.of(rate));
    }

    private LoadResult run(Load load, Duration duration, OptionalInt rate) {
        long seconds = Math.max(1, duration.toSeconds());
        Load full = load;
        if (rate.isPresent()) {
            full =
                    load.with("rate", Integer.toString(rate.getAsInt()))
                            .with("seconds", Long.toString(seconds));
        }
        long running = rate.isPresent() ? seconds + DRAIN_SECONDS : seconds;
        List<String> command = new ArrayList<>();
        command.addAll(List.of("wrk", "-t1", "-c" + connections, "-d" + running + "s"));
        command.addAll(List.of("--timeout", "10s", "-s", script.toString()));
        command.add(load.target().toString());
        command.add("--");
        command.addAll(full.arguments());
        return parse(output(command, running + PATIENCE_SECONDS), rate.isPresent() ? seconds : 0L);
    }

    private static String output(List<String> command, long patience) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(patience, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return text;
        } catch (IOException e) {
            throw new BenchException("wrk cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    /**
     * Reads what {@code load.lua} printed last.
     *
     * @param steadySeconds for how long requests were sent at a fixed rate; 0 when they were not
     */
    static LoadResult parse(String output, long steadySeconds) {
        int at = output.lastIndexOf(MARK);
        if (at < 0) {
            throw new BenchException("wrk did not finish: " + output.strip());
        }
        JsonNode all =
                JsonMapper.shared()
                        .readTree(
                                output.substring(at + MARK.length())
                                        .lines()
                                        .findFirst()
                                        .orElse(""));
        long exhausted = all.path("exhausted").asLong();
        double seconds = all.path("micros").asLong() / 1e6;
        if (exhausted > 0) {
            seconds = exhausted / 1e6;
        } else if (steadySeconds > 0) {
            seconds = steadySeconds;
        }
        long errors = 0;
        for (String kind : List.of("connect", "read", "write", "status", "timeout")) {
            errors += all.path(kind).asLong();
        }
        return new LoadResult(
                all.path("requests").asLong(),
                all.path("sent").asLong(),
                seconds,
                errors,
                all.path("statuses").asString(),
                exhausted > 0,
                new Latency(
                        all.path("p50").asLong(),
                        all.path("p99").asLong(),
                        all.path("p999").asLong(),
                        all.path("max").asLong()));
    }
}
