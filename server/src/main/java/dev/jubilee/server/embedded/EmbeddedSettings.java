package dev.jubilee.server.embedded;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * What to start and where.
 *
 * @param home the data folder; made when it is missing
 * @param binaries where PostgreSQL is unpacked; may be shared by several homes
 * @param postgres whether to start PostgreSQL
 * @param kafka whether to start Kafka
 * @param postgresPort a fixed port; without one a free port is taken and remembered in the home
 * @param kafkaPort a fixed port; without one a free port is taken and remembered in the home
 * @param kafkaJvm options of Kafka's own JVM
 */
public record EmbeddedSettings(
        Path home,
        Path binaries,
        boolean postgres,
        boolean kafka,
        OptionalInt postgresPort,
        OptionalInt kafkaPort,
        List<String> kafkaJvm) {

    /** Enough for the load the platform is built for; the page cache does the rest. */
    private static final List<String> KAFKA_JVM =
            List.of(
                    "-Xms64m",
                    "-Xmx256m",
                    "-Xss512k",
                    "-XX:+UseSerialGC",
                    "-XX:+UseCompactObjectHeaders",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dorg.apache.logging.log4j.simplelog.StatusLogger.level=OFF");

    public EmbeddedSettings {
        home = home.toAbsolutePath().normalize();
        binaries = binaries.toAbsolutePath().normalize();
        kafkaJvm = List.copyOf(kafkaJvm);
    }

    /** Both servers, on ports of their own choice, everything inside {@code home}. */
    public static EmbeddedSettings in(Path home) {
        return new EmbeddedSettings(
                home,
                home.resolve("postgresql"),
                true,
                true,
                OptionalInt.empty(),
                OptionalInt.empty(),
                KAFKA_JVM);
    }

    /** Only the servers that are wanted. */
    public EmbeddedSettings only(boolean wantPostgres, boolean wantKafka) {
        return new EmbeddedSettings(
                home, binaries, wantPostgres, wantKafka, postgresPort, kafkaPort, kafkaJvm);
    }

    public EmbeddedSettings withPorts(OptionalInt forPostgres, OptionalInt forKafka) {
        return new EmbeddedSettings(
                home, binaries, postgres, kafka, forPostgres, forKafka, kafkaJvm);
    }

    public EmbeddedSettings withBinaries(Path folder) {
        return new EmbeddedSettings(
                home, folder, postgres, kafka, postgresPort, kafkaPort, kafkaJvm);
    }

    /** Adds options to those of Kafka's JVM. */
    public EmbeddedSettings withKafkaJvm(List<String> more) {
        List<String> all = new ArrayList<>(kafkaJvm);
        all.addAll(more);
        return new EmbeddedSettings(home, binaries, postgres, kafka, postgresPort, kafkaPort, all);
    }
}
