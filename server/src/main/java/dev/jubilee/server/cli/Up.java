package dev.jubilee.server.cli;

import dev.jubilee.server.config.ConfigFile;
import dev.jubilee.server.config.ServerSettings;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.embedded.EmbeddedServers;
import dev.jubilee.server.embedded.EmbeddedSettings;
import dev.jubilee.server.embedded.ServerHealth;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
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

    private final InstantSource clock = InstantSource.system();

    @Override
    public Integer call() throws InterruptedException {
        Map<String, String> given = ConfigFile.over(System.getenv(), config, Path.of(""));
        SettingsReader reader = new SettingsReader(given);
        ServerSettings settings = ServerSettings.from(reader);
        OptionalInt postgresPort = fixedPort(reader, "JUBILEE_POSTGRES_PORT");
        OptionalInt kafkaPort = fixedPort(reader, "JUBILEE_KAFKA_PORT");
        String programs = reader.optionalText("JUBILEE_POSTGRES_PROGRAMS");
        reader.check();

        System.setProperty("jubilee.logs", settings.home().resolve("logs").toString());
        EmbeddedSettings embedded =
                EmbeddedSettings.in(settings.home())
                        .only(settings.databaseUrl() == null, settings.kafkaBrokers() == null)
                        .withPorts(postgresPort, kafkaPort);
        if (programs != null) {
            embedded = embedded.withBinaries(Path.of(programs));
        }
        Shutdown shutdown = new Shutdown();
        Runtime.getRuntime().addShutdownHook(new Thread(shutdown::run, "shutdown"));
        serve(embedded, new HashMap<>(given), shutdown);
        if (training == null) {
            new CountDownLatch(1).await();
        }
        return 0;
    }

    private void serve(EmbeddedSettings wanted, Map<String, String> given, Shutdown shutdown) {
        StartupCache cache =
                new StartupCache(training == null ? wanted.home().resolve("cache") : training);
        PrintWriter out = spec.commandLine().getOut();
        if (wanted.postgres() || wanted.kafka()) {
            EmbeddedServers embedded =
                    EmbeddedServers.start(
                            wanted.withKafkaJvm(
                                    training == null
                                            ? cache.kafkaOptions()
                                            : cache.kafkaRecording()),
                            ServerHealth.IGNORED);
            shutdown.atEnd(embedded);
            if (wanted.postgres()) {
                given.put("DATABASE_URL", embedded.databaseUrl());
                given.put("DATABASE_USER", embedded.user());
                given.put("DATABASE_PASSWORD", embedded.password());
                out.println("  PostgreSQL  " + embedded.databaseUrl());
            }
            if (wanted.kafka()) {
                given.put("KAFKA_BROKERS", embedded.kafkaBrokers());
                out.println("  Kafka       " + embedded.kafkaBrokers());
            }
        }
        out.printf("Ready in %.1f s; Ctrl-C stops it.%n", sinceStart().toMillis() / 1000.0);
        if (training == null && wanted.postgres() && wanted.kafka()) {
            shutdown.atEnd(cache.trainInBackground(wanted.home()));
        }
    }

    private static OptionalInt fixedPort(SettingsReader reader, String name) {
        int port = reader.integer(name, 0, 0, ANY_PORT);
        return port == 0 ? OptionalInt.empty() : OptionalInt.of(port);
    }

    /** Counts from the launch of the process, as the one who waits does. */
    private Duration sinceStart() {
        Instant now = clock.instant();
        return Duration.between(ProcessHandle.current().info().startInstant().orElse(now), now);
    }
}
