package dev.jubilee.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the program listens, what it is, and which servers it stands on.
 *
 * @param home the data folder
 * @param roles what this instance does: {@code bus}, {@code liveops}
 * @param databaseUrl {@code postgresql://user:password@host:port/database} or a JDBC address; null
 *     starts an embedded PostgreSQL
 * @param kafkaBrokers null starts an embedded Kafka
 * @param kafkaSecurity how its clients are let in
 * @param kafkaClientId how Kafka's own logs and quotas know the program
 * @param busGroupId goes before the names of the internal consumer groups
 * @param liveOpsGroupId the same of those that live-ops has
 * @param kafkaSession after which a member of a consumer group that is not heard of is replaced
 * @param kafkaHeartbeat how often members are heard of; a third of the session at most
 * @param kafkaAutoCommit what {@code KAFKA_ENABLE_AUTO_COMMIT} says, which has no effect: what was
 *     consumed is committed with its effects
 */
public record ServerSettings(
        Path home,
        Set<String> roles,
        String host,
        int busPort,
        int liveOpsPort,
        int metricsPort,
        int workers,
        @Nullable String databaseUrl,
        @Nullable String databaseUser,
        @Nullable String databasePassword,
        int databasePoolSize,
        Duration databaseTimeout,
        Duration databaseAnswerTimeout,
        @Nullable String kafkaBrokers,
        KafkaSecurity kafkaSecurity,
        String kafkaClientId,
        String busGroupId,
        String liveOpsGroupId,
        Duration kafkaSession,
        Duration kafkaHeartbeat,
        boolean kafkaAutoCommit) {
    private static final List<String> ROLES = List.of("bus", "liveops");

    /** Reads them; faults are collected by the reader. */
    public static ServerSettings from(SettingsReader in) {
        Duration session =
                in.duration(
                        "KAFKA_SESSION_TIMEOUT",
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(1),
                        Duration.ofMinutes(30));
        String group = in.text("KAFKA_GROUP_ID", "jubilee");
        String brokers = in.optionalText("KAFKA_BROKERS");
        Set<String> roles = roles(in);
        int busPort = in.integer("EVENT_BUS_PORT", 8083, 0, 65_535);
        int liveOpsPort = in.integer("SERVER_PORT", 8092, 0, 65_535);
        int metricsPort = in.integer("JUBILEE_METRICS_PORT", 9093, 0, 65_535);
        int bus = roles.contains("bus") ? busPort : 0;
        int liveOps = roles.contains("liveops") ? liveOpsPort : 0;
        apart(in, "SERVER_PORT", liveOps, "EVENT_BUS_PORT", bus);
        apart(in, "JUBILEE_METRICS_PORT", metricsPort, "EVENT_BUS_PORT", bus);
        apart(in, "JUBILEE_METRICS_PORT", metricsPort, "SERVER_PORT", liveOps);
        return new ServerSettings(
                Path.of(in.text("JUBILEE_HOME", ".jubilee")).toAbsolutePath().normalize(),
                roles,
                in.text("SERVER_HOST", "127.0.0.1"),
                busPort,
                liveOpsPort,
                metricsPort,
                in.integer(
                        "SERVER_WORKERS",
                        Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 16),
                        1,
                        256),
                in.optionalText("DATABASE_URL"),
                in.optionalText("DATABASE_USER"),
                in.optionalText("DATABASE_PASSWORD"),
                in.integer("DATABASE_POOL_SIZE", 20, 8, 1_000),
                in.duration(
                        "DATABASE_TIMEOUT",
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(1),
                        Duration.ofMinutes(10)),
                in.duration(
                        "DATABASE_ANSWER_TIMEOUT",
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(5),
                        Duration.ofHours(1)),
                brokers,
                KafkaSecurity.from(in, brokers == null),
                in.text("KAFKA_CLIENT_ID", "jubilee"),
                in.text("KAFKA_BUS_GROUP_ID", group),
                in.text("KAFKA_LIVEOPS_GROUP_ID", group),
                session,
                in.duration(
                        "KAFKA_HEARTBEAT_INTERVAL",
                        Duration.ofMillis(500),
                        Duration.ofMillis(100),
                        session.dividedBy(3)),
                in.flag("KAFKA_ENABLE_AUTO_COMMIT", false));
    }

    /** Two ports of one number would share its connections, each getting some of them. */
    private static void apart(SettingsReader in, String name, int port, String other, int taken) {
        if (port != 0 && port == taken) {
            in.fault(name, Integer.toString(port), "a port other than that of " + other);
        }
    }

    private static Set<String> roles(SettingsReader in) {
        String given = in.text("JUBILEE_ROLES", String.join(",", ROLES));
        Set<String> roles = new LinkedHashSet<>();
        for (String role : given.split(",", -1)) {
            if (ROLES.contains(role.strip())) {
                roles.add(role.strip());
            } else {
                in.fault(
                        "JUBILEE_ROLES",
                        given,
                        "one or more of " + String.join(", ", ROLES) + ", with commas between");
            }
        }
        return roles;
    }
}
