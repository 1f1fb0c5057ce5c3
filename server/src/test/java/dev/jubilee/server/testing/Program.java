package dev.jubilee.server.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The whole program as its users run it: a process of its own, which tests may kill. */
public final class Program implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;
    private static final long SERVERS_PATIENCE_SECONDS = 30;

    /** Unpacked once for all tests; what unpacks its own is tested as an ordinary user. */
    private static final Path POSTGRES = Path.of("target/postgresql").toAbsolutePath();

    /** For its JVM and for that of its Kafka, neither of which lives long. */
    private static final String JVM_VARIABLE = "JAVA_TOOL_OPTIONS";

    private static final String JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

    /** The last that it says before it serves; where it listens is told above it. */
    private static final String WELCOME_ENDS = "Ctrl-C stops everything.";

    private final Process process;
    private final Path home;
    private final ConcurrentLinkedQueue<String> output = new ConcurrentLinkedQueue<>();
    private final Thread reader;

    private Program(Process process, Path home) {
        this.process = process;
        this.home = home;
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        this.reader = Thread.ofPlatform().daemon().name("program-output").start(() -> read(lines));
    }

    /**
     * Starts {@code up} on a data folder and any free ports; does not wait.
     *
     * @param prefix goes before the command, to run it as another user
     * @param classPath what to run; see {@link #copyOfClassPath(Path)}
     */
    public static Program start(
            Path home, List<String> prefix, String classPath, Map<String, String> settings) {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx192m");
        command.add("-Dlogback.configurationFile=logback.xml");
        command.addAll(List.of("-cp", classPath, "dev.jubilee.server.cli.Main", "up"));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .directory(home.resolveSibling("").toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JUBILEE_HOME", home.toString());
        environment.put(JVM_VARIABLE, JVM_OPTIONS);
        for (String port : List.of("EVENT_BUS_PORT", "SERVER_PORT", "JUBILEE_METRICS_PORT")) {
            environment.put(port, "0");
        }
        environment.putAll(settings);
        try {
            return new Program(builder.start(), home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The program as this user, from this test's own class path and an unpacked PostgreSQL. */
    public static Program start(Path home) {
        return start(
                home,
                List.of(),
                System.getProperty("java.class.path"),
                Map.of("JUBILEE_POSTGRES_PROGRAMS", POSTGRES.toString()));
    }

    /**
     * Copies everything on the class path to where every user can read it, and returns the class
     * path of the copies.
     */
    public static String copyOfClassPath(Path folder) throws IOException {
        List<String> copies = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(":", -1)) {
            Path source = Path.of(entry);
            if (!Files.exists(source)) {
                continue;
            }
            Path target = folder.resolve(copies.size() + "-" + source.getFileName());
            try (Stream<Path> files = Files.walk(source)) {
                for (Path file : files.toList()) {
                    Files.copy(file, target.resolve(source.relativize(file).toString()));
                }
            }
            copies.add(target.toString());
        }
        return String.join(":", copies);
    }

    private void read(BufferedReader lines) {
        try (lines) {
            // That it heeds the variable is what the JVM says, not the program.
            lines.lines().filter(line -> !line.contains(JVM_VARIABLE)).forEach(output::add);
        } catch (IOException | UncheckedIOException e) {
            // It was killed; what it said before is kept.
        }
    }

    /** Waits until it says that it is ready; ends it if it does not. */
    public Program ready() {
        try {
            Await.until(
                    "the program is ready",
                    Duration.ofSeconds(PATIENCE_SECONDS),
                    () -> {
                        if (output.contains(WELCOME_ENDS)) {
                            return true;
                        }
                        if (!process.isAlive()) {
                            throw new IllegalStateException("it ended: " + output());
                        }
                        return false;
                    });
        } catch (AssertionError e) {
            close();
            throw e;
        }
        return this;
    }

    /** Where the bus listens; once it is ready. */
    public URI bus() {
        return address("bus");
    }

    /** Where live-ops listens; once it is ready. */
    public URI liveOps() {
        return address("live-ops");
    }

    private URI address(String name) {
        return output.stream()
                .map(String::strip)
                .filter(line -> line.startsWith(name + " "))
                .map(line -> URI.create(line.substring(name.length()).strip()))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalStateException("it names no " + name + ": " + output()));
    }

    /**
     * Posts to the bus, again while a slow machine refuses it before anything is published, and
     * returns the body of the answer.
     */
    public String postToBus(String key, String path, Object body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(bus().resolve(path))
                        .header("Authorization", "Bearer " + key)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(Json.text(body)))
                        .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            HttpResponse<String> answer;
            do {
                answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            } while (isTooMuch(answer) && patience - System.nanoTime() > 0);
            assertThat(answer.statusCode()).as(answer.body()).isLessThan(300);
            return answer.body();
        }
    }

    private static boolean isTooMuch(HttpResponse<String> answer) {
        return answer.statusCode() == 503 && answer.body().contains("publish_overloaded");
    }

    /** Everything it has said, on either stream. */
    public String output() {
        return String.join("\n", output);
    }

    /** The processes that it started, and those that they started. */
    public List<ProcessHandle> children() {
        return process.descendants().toList();
    }

    /** Ends it as {@code kill -9} does, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Asks it to end, as Ctrl-C does, and returns its exit code. */
    public int stop() throws InterruptedException {
        process.destroy();
        return exitCode();
    }

    /** Waits for its end. */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the program does not end: " + output());
        }
        reader.join();
        return process.exitValue();
    }

    /** A connection to its embedded database. */
    public Connection connection() throws SQLException, IOException {
        Properties ports = new Properties();
        try (var file = Files.newBufferedReader(home.resolve("ports.properties"))) {
            ports.load(file);
        }
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + ports.getProperty("PostgreSQL") + "/jubilee",
                "jubilee",
                Files.readString(home.resolve("postgresql/password")).strip());
    }

    /**
     * Ends it as {@link #kill()} does and waits for the servers that it started, which end by
     * themselves: from then on nobody writes to its data folder.
     */
    @Override
    public void close() {
        List<ProcessHandle> servers = children();
        process.destroyForcibly().onExit().join();
        for (ProcessHandle server : servers) {
            server.onExit()
                    .completeOnTimeout(server, SERVERS_PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .join();
            if (server.destroyForcibly()) {
                server.onExit().join();
            }
        }
    }
}
