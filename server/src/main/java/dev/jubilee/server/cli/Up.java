package dev.jubilee.server.cli;

import dev.jubilee.server.Jubilee;
import dev.jubilee.server.JubileeSettings;
import dev.jubilee.server.config.ConfigFile;
import dev.jubilee.server.config.ServerSettings;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.embedded.EmbeddedServers;
import dev.jubilee.server.embedded.EmbeddedSettings;
import dev.jubilee.server.embedded.ServerHealth;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "up",
        description = {
            "Starts the platform and serves until Ctrl-C.",
            "Without DATABASE_URL it runs a PostgreSQL of its own, without KAFKA_BROKERS a Kafka;"
                    + " their data and the first admin key are in JUBILEE_HOME."
        },
        mixinStandardHelpOptions = true)
final class Up implements Callable<Integer> {
    private static final int ANY_PORT = 65_535;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings to use where the environment has none.")
    private @Nullable Path config;

    @Option(
            names = "--train",
            hidden = true,
            paramLabel = "FOLDER",
            description = "Start and end, and leave start-up caches in the folder.")
    private @Nullable Path training;

    @Option(
            names = "--trainer",
            hidden = true,
            paramLabel = "PID",
            description = "The program that wants the caches.")
    private long trainer;

    @Override
    public Integer call() throws InterruptedException {
        if (training != null) {
            endWith(trainer);
        }
        // Before anything logs.
        System.setProperty(
                "jubilee.logs",
                Path.of(System.getenv().getOrDefault("JUBILEE_HOME", ".jubilee"), "logs")
                        .toString());
        Map<String, String> given =
                new HashMap<>(
                        ConfigFile.over(
                                System.getenv(), config, Path.of(""), JubileeSettings.names()));
        SettingsReader reader = new SettingsReader(given);
        ServerSettings server = ServerSettings.from(reader);
        EmbeddedSettings embedded = embedded(server, reader);
        // Everything is checked before anything is started.
        JubileeSettings.from(reader, embedded.postgres());

        Shutdown shutdown = new Shutdown();
        Runtime.getRuntime().addShutdownHook(new Thread(shutdown::run, "shutdown"));
        StartupCache cache =
                new StartupCache(training == null ? server.home().resolve("cache") : training);
        EmbeddedServers servers = startEmbedded(embedded, cache, shutdown);
        List<String> addresses = servers == null ? List.of() : tell(embedded, servers, given);
        Jubilee jubilee =
                Jubilee.start(
                        JubileeSettings.from(new SettingsReader(given), embedded.postgres()),
                        embedded.postgres(),
                        InstantSource.system());
        shutdown.atEnd(jubilee);
        if (training != null) {
            Rehearsal.play(server.host(), jubilee);
            return 0;
        }
        Welcome.print(spec.commandLine().getOut(), server, jubilee, addresses);
        if (servers != null && embedded.postgres()) {
            shutdown.atEnd(servers.makeLogAhead());
        }
        if (embedded.postgres() && embedded.kafka()) {
            shutdown.atEnd(cache.trainInBackground(server.home()));
        }
        new CountDownLatch(1).await();
        return 0;
    }

    /** A rehearsal whose program was killed would go on, with servers of its own, for nobody. */
    private static void endWith(long program) {
        Optional<ProcessHandle> running = ProcessHandle.of(program);
        if (running.isEmpty()) {
            System.exit(1);
        }
        var _ = running.orElseThrow().onExit().thenRun(() -> System.exit(1));
    }

    private static EmbeddedSettings embedded(ServerSettings server, SettingsReader reader) {
        EmbeddedSettings embedded =
                EmbeddedSettings.in(server.home())
                        .only(server.databaseUrl() == null, server.kafkaBrokers() == null)
                        .withPorts(
                                fixedPort(reader, "JUBILEE_POSTGRES_PORT"),
                                fixedPort(reader, "JUBILEE_KAFKA_PORT"));
        String programs = reader.optionalText("JUBILEE_POSTGRES_PROGRAMS");
        return programs == null ? embedded : embedded.withBinaries(Path.of(programs));
    }

    /** Starts what the settings do not name, if there is anything. */
    private @Nullable EmbeddedServers startEmbedded(
            EmbeddedSettings wanted, StartupCache cache, Shutdown shutdown) {
        if (!wanted.postgres() && !wanted.kafka()) {
            return null;
        }
        EmbeddedServers servers =
                EmbeddedServers.start(
                        wanted.withKafkaJvm(
                                training == null ? cache.kafkaOptions() : cache.kafkaRecording()),
                        ServerHealth.IGNORED);
        shutdown.atEnd(servers);
        return servers;
    }

    /** Adds the addresses of what was started to the settings, and returns these for people. */
    private static List<String> tell(
            EmbeddedSettings wanted, EmbeddedServers servers, Map<String, String> given) {
        List<String> addresses = new ArrayList<>();
        if (wanted.postgres()) {
            given.put("DATABASE_URL", servers.databaseUrl());
            given.put("DATABASE_USER", servers.user());
            given.put("DATABASE_PASSWORD", servers.password());
            addresses.add("PostgreSQL " + servers.databaseUrl().replaceAll(".*//|/.*", ""));
        }
        if (wanted.kafka()) {
            given.put("KAFKA_BROKERS", servers.kafkaBrokers());
            addresses.add("Kafka " + servers.kafkaBrokers());
        }
        return addresses;
    }

    private static OptionalInt fixedPort(SettingsReader reader, String name) {
        int port = reader.integer(name, 0, 0, ANY_PORT);
        return port == 0 ? OptionalInt.empty() : OptionalInt.of(port);
    }
}
