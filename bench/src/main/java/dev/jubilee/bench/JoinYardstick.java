package dev.jubilee.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a service gets that makes one transaction of each join: insert the participation, count it
 * on the event's row, commit; 16 clients, prepared statements, in the same PostgreSQL. By pgbench
 * where the machine has one, else over JDBC.
 */
final class JoinYardstick {
    private static final int CLIENTS = 16;
    private static final Pattern TPS = Pattern.compile("(?m)^tps = ([0-9.]+)");
    private static final String INSERT =
            """
            INSERT INTO bench_yardstick.participations (id, event_id, user_id, status, progress, joined_at)
            VALUES (uuidv7(), %s, %s, 'active', '{}', now())
            """;
    private static final String COUNT =
            "UPDATE bench_yardstick.events SET participants = participants + 1 WHERE id = %s";

    private final Installation at;
    private final Path folder;

    JoinYardstick(Installation at, Path folder) {
        this.at = at;
        this.folder = folder;
    }

    /** Joins a second, spread over so many events. */
    double joinsPerSecond(int events, Duration duration) {
        try (Connection connection = at.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    """
                    DROP SCHEMA IF EXISTS bench_yardstick CASCADE;
                    CREATE SCHEMA bench_yardstick;
                    CREATE TABLE bench_yardstick.events (id integer PRIMARY KEY, participants bigint NOT NULL DEFAULT 0)
                        WITH (fillfactor = 40);
                    CREATE TABLE bench_yardstick.participations (
                        id uuid PRIMARY KEY, event_id integer NOT NULL, user_id bigint NOT NULL, status text NOT NULL,
                        progress jsonb NOT NULL, joined_at timestamptz NOT NULL, UNIQUE (event_id, user_id));
                    INSERT INTO bench_yardstick.events SELECT generate_series(1, 100);
                    """);
            try {
                return Tool.exitCode(List.of("pgbench", "--version")) == 0
                        ? pgbench(events, duration)
                        : jdbc(events, duration);
            } finally {
                statement.execute("DROP SCHEMA bench_yardstick CASCADE");
            }
        } catch (SQLException | IOException e) {
            throw new BenchException("The yardstick of joins: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    private double pgbench(int events, Duration duration) throws IOException, InterruptedException {
        Path script = folder.resolve("join.sql");
        Files.writeString(
                script,
                "\\set event random(1, "
                        + events
                        + ")\n\\set player random(1, 1000000000000)\nBEGIN;\n"
                        + INSERT.formatted(":event", ":player").replace('\n', ' ').strip()
                        + " ON CONFLICT DO NOTHING;\n"
                        + COUNT.formatted(":event")
                        + ";\nCOMMIT;\n");
        ProcessBuilder builder =
                new ProcessBuilder(
                                "pgbench",
                                "-n",
                                "-M",
                                "prepared",
                                "-c",
                                Integer.toString(CLIENTS),
                                "-j",
                                "1",
                                "-T",
                                Long.toString(duration.toSeconds()),
                                "-h",
                                "127.0.0.1",
                                "-p",
                                Integer.toString(at.postgresPort()),
                                "-U",
                                Installation.USER,
                                "-f",
                                script.toString(),
                                Installation.DATABASE)
                        .redirectErrorStream(true);
        builder.environment().put("PGPASSWORD", at.password());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher tps = TPS.matcher(output);
        if (process.waitFor() != 0 || !tps.find()) {
            throw new BenchException("pgbench failed: " + output.strip());
        }
        return Double.parseDouble(tps.group(1));
    }

    private double jdbc(int events, Duration duration) throws InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        List<Future<Long>> clients = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(() -> client(events, end)));
            }
            long joins = 0;
            for (Future<Long> client : clients) {
                joins += client.get();
            }
            return joins / (duration.toNanos() / 1e9);
        } catch (ExecutionException e) {
            throw new BenchException("The yardstick of joins: " + e.getCause(), e);
        }
    }

    private long client(int events, long end) throws SQLException {
        long joins = 0;
        try (Connection connection = at.connect();
                PreparedStatement insert = connection.prepareStatement(INSERT.formatted("?", "?"));
                PreparedStatement count = connection.prepareStatement(COUNT.formatted("?"))) {
            connection.setAutoCommit(false);
            while (System.nanoTime() < end) {
                int event = ThreadLocalRandom.current().nextInt(1, events + 1);
                insert.setInt(1, event);
                insert.setLong(2, UUID.randomUUID().getMostSignificantBits());
                insert.executeUpdate();
                count.setInt(1, event);
                count.executeUpdate();
                connection.commit();
                joins++;
            }
        }
        return joins;
    }
}
