package dev.jubilee.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The bare echo in a JVM of its own, with the options of the program's. */
final class Echo implements AutoCloseable {
    private final Process process;
    private final URI uri;

    private Echo(Process process, URI uri) {
        this.process = process;
        this.uri = uri;
    }

    /** Starts it. */
    static Echo start(List<String> jvmOptions, int loops) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(EchoServer.class.getName(), Integer.toString(loops)));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            BufferedReader reader =
                    new BufferedReader(
                            new InputStreamReader(
                                    process.getInputStream(), StandardCharsets.UTF_8));
            String port = reader.readLine();
            if (port == null) {
                throw new BenchException("The echo server does not start");
            }
            return new Echo(process, URI.create("http://127.0.0.1:" + port.strip()));
        } catch (IOException e) {
            throw new BenchException("The echo server does not start: " + e.getMessage(), e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Loads it in rounds, until its compilers are done with it. */
    void warmUp(Wrk wrk, Load load, Duration round) {
        Warmth warmth = Warmth.of(pid());
        while (warmth.wantsMore()) {
            var _ = wrk.saturate(load, round);
        }
    }

    /** The bodies of the scenario, answered with 120 bytes. */
    Load post(Path body) {
        return Load.same(uri, "/echo", "none", body);
    }

    /** The GETs of the scenario. */
    Load get(Path paths) {
        return Load.paths(uri, "none", paths);
    }

    @Override
    public void close() {
        process.destroy();
    }
}
