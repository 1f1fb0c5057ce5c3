package dev.jubilee.bench;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The running platform as its data folder describes it: its processes and its servers. The platform
 * itself is measured through its API; this is for the yardsticks, for the cost of each process, and
 * for counting in the database what the platform says it has stored.
 *
 * @param program process id of the platform
 * @param kafka process id of its Kafka
 * @param postgres process id of its PostgreSQL
 * @param postgresPort port of its PostgreSQL on loopback
 * @param brokers of its Kafka
 */
public record Installation(
        long program,
        long kafka,
        long postgres,
        int postgresPort,
        String password,
        String brokers) {
    static final String USER = "jubilee";
    static final String DATABASE = "jubilee";

    /**
     * Reads a data folder.
     *
     * @throws BenchException when no platform with embedded servers runs there
     */
    public static Installation in(Path home) {
        Properties ports = new Properties();
        try (Reader reader = Files.newBufferedReader(home.resolve("ports.properties"))) {
            ports.load(reader);
        } catch (IOException e) {
            throw new BenchException(
                    "No platform with embedded servers in "
                            + home.toAbsolutePath()
                            + ". Start one with `./jubilee up`, or name its folder with --home.",
                    e);
        }
        return new Installation(
                pid(home.resolve("lock")),
                pid(home.resolve("kafka/pid")),
                pid(home.resolve("postgresql/data/postmaster.pid")),
                Integer.parseInt(ports.getProperty("PostgreSQL", "0")),
                firstLine(home.resolve("postgresql/password")),
                "127.0.0.1:" + ports.getProperty("Kafka", "0"));
    }

    private static String firstLine(Path file) {
        try (var lines = Files.lines(file)) {
            return lines.findFirst().orElse("").strip();
        } catch (IOException e) {
            throw new BenchException("Cannot read " + file + ": " + e, e);
        }
    }

    private static long pid(Path file) {
        String text = firstLine(file);
        if (!text.matches("\\d+") || ProcessHandle.of(Long.parseLong(text)).isEmpty()) {
            throw new BenchException(
                    "The platform is not running: " + file + " names no living process.");
        }
        return Long.parseLong(text);
    }

    /** A connection to the platform's database. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + postgresPort + "/" + DATABASE, USER, password);
    }

    /** The options with which the program's JVM was started. */
    public List<String> jvmOptions() {
        List<String> options = new ArrayList<>();
        try {
            String line = Files.readString(Path.of("/proc/" + program + "/cmdline"));
            for (String word : line.split("\0", -1)) {
                boolean tuning = word.startsWith("-X") || word.startsWith("--");
                if (tuning && !word.contains("AOT") && !word.contains("aot")) {
                    options.add(word);
                }
                if (word.equals("-cp") || word.equals("-classpath")) {
                    break;
                }
            }
        } catch (IOException e) {
            throw new BenchException("Cannot read the options of process " + program, e);
        }
        return options;
    }

    /** Counts something in the database. */
    public long count(String sql, @Nullable String parameter) {
        try (Connection connection = connect();
                var statement = connection.prepareStatement(sql)) {
            if (parameter != null) {
                statement.setString(1, parameter);
            }
            try (var rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        } catch (SQLException e) {
            throw new BenchException("Counting in the database failed: " + e.getMessage(), e);
        }
    }
}
