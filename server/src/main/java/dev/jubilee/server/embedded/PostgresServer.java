package dev.jubilee.server.embedded;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A PostgreSQL whose data lives in the home, durable, on loopback, behind a generated password. */
final class PostgresServer implements ChildServer {
    static final String USER = "jubilee";
    static final String DATABASE = "jubilee";

    /** Crash recovery replays up to max_wal_size. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final Duration ORPHAN_PATIENCE = Duration.ofSeconds(30);
    private static final long POLL_MILLIS = 10;
    private static final int STATUS_LINE = 8;
    private static final int PASSWORD_BYTES = 24;
    private static final String UNFINISHED = "data.new";

    /**
     * Runs the server and ends it by SIGINT when standard input closes. The signal is repeated
     * because one that arrives before the server has its handlers is lost.
     */
    private static final String SUPERVISOR =
            """
            exec 3<&0 </dev/null
            "$@" 3<&- &
            server=$!
            {
              while read -r _; do :; done
              while kill -INT "$server"; do sleep 0.2; done
            } <&3 >/dev/null 2>&1 &
            watcher=$!
            exec 3<&-
            wait "$server"
            code=$?
            kill -KILL "$watcher" 2>/dev/null
            wait "$watcher" 2>/dev/null
            exit "$code"
            """;

    private static final Map<String, String> CONFIGURATION =
            Map.ofEntries(
                    Map.entry("listen_addresses", "127.0.0.1"),
                    Map.entry("unix_socket_directories", ""),
                    Map.entry("max_connections", "100"),
                    Map.entry("fsync", "on"),
                    Map.entry("synchronous_commit", "on"),
                    Map.entry("full_page_writes", "on"),
                    Map.entry("shared_buffers", "512MB"),
                    // What the kernel gathers it writes in a rush, and commits wait for that.
                    Map.entry("backend_flush_after", "256kB"),
                    Map.entry("work_mem", "8MB"),
                    Map.entry("maintenance_work_mem", "64MB"),
                    Map.entry("wal_buffers", "16MB"),
                    // A new segment is filled with zeros while commits wait for it, 50 ms; one that
                    // a checkpoint has freed is there already.
                    Map.entry("min_wal_size", "2GB"),
                    // After a checkpoint each page is logged whole once more: with half of this
                    // that was half of all that joins and claims logged.
                    Map.entry("max_wal_size", "2GB"),
                    // Under load a checkpoint each half a minute is what is meant.
                    Map.entry("checkpoint_warning", "0"),
                    Map.entry("checkpoint_timeout", "15min"),
                    Map.entry("checkpoint_completion_target", "0.9"),
                    Map.entry("random_page_cost", "1.1"),
                    Map.entry("jit", "off"),
                    // Short statements from many clients: a parallel plan would only take cores
                    // from the others.
                    Map.entry("max_parallel_workers_per_gather", "0"),
                    Map.entry("timezone", "UTC"),
                    Map.entry("log_timezone", "UTC"),
                    Map.entry("log_line_prefix", "%m [%p] "),
                    Map.entry("log_checkpoints", "off"));

    private final Path folder;
    private final Path data;
    private final Path binaries;
    private final Path log;
    private final int port;
    private final RunAs runAs;
    private final String password;

    private PostgresServer(Path folder, Path binaries, Path log, int port) throws IOException {
        this.folder = folder;
        this.data = folder.resolve("data");
        this.binaries = binaries;
        this.log = log;
        this.port = port;
        this.runAs = RunAs.forData(data);
        this.password = passwordIn(folder.resolve("password"));
    }

    static PostgresServer in(Path folder, Path binaries, Path log, int port) {
        try {
            Files.createDirectories(folder);
            return new PostgresServer(folder, binaries, log, port);
        } catch (IOException e) {
            throw new EmbeddedException("Cannot write to " + folder + ": " + HomeLock.reason(e), e);
        }
    }

    @Override
    public String name() {
        return "PostgreSQL";
    }

    String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + DATABASE;
    }

    String password() {
        return password;
    }

    Path folder() {
        return folder;
    }

    @Override
    public ChildProcess start() throws InterruptedException {
        try {
            Path programs = PostgresBinaries.in(binaries);
            if (!Files.isDirectory(data)) {
                initialise(programs);
            }
            runAs.handOver(data);
            runAs.mustReach(data);
            endOrphanIn(folder);
            Files.deleteIfExists(data.resolve("postmaster.pid"));
            ChildProcess child = ChildProcess.start(command(programs), folder, log);
            try {
                awaitReady(child);
                createDatabase();
                return child;
            } catch (EmbeddedException | IOException | InterruptedException e) {
                child.stop();
                throw e;
            }
        } catch (IOException e) {
            throw new EmbeddedException("PostgreSQL in " + folder + ": " + HomeLock.reason(e), e);
        }
    }

    private List<String> command(Path programs) {
        List<String> server = new ArrayList<>();
        server.add(programs.resolve("bin/postgres").toString());
        server.addAll(List.of("-D", data.toString(), "-c", "port=" + port));
        CONFIGURATION.forEach((name, value) -> server.addAll(List.of("-c", name + "=" + value)));
        List<String> supervised = new ArrayList<>(List.of("/bin/sh", "-c", SUPERVISOR, "postgres"));
        supervised.addAll(server);
        return runAs.command(supervised);
    }

    /**
     * Makes the cluster beside its place and renames it: a crash half-way leaves nothing that looks
     * complete.
     */
    private void initialise(Path programs) throws IOException, InterruptedException {
        // Under a name of its own: what an earlier start left may still be written or removed by
        // it.
        removeUnfinished();
        Path fresh = folder.resolve(UNFINISHED + ProcessHandle.current().pid());
        Files.createDirectory(fresh, mode("rwx------"));
        Path secret = folder.resolve("password.new");
        Files.deleteIfExists(secret);
        Files.createFile(secret, mode("rw-------"));
        Files.writeString(secret, password + "\n");
        runAs.handOver(fresh);
        runAs.handOver(secret);
        runAs.mustReach(fresh);
        try {
            ChildProcess initdb =
                    ChildProcess.start(
                            runAs.command(
                                    List.of(
                                            "/bin/sh",
                                            "-c",
                                            "exec >&2\n" + SUPERVISOR,
                                            "initdb",
                                            programs.resolve("bin/initdb").toString(),
                                            "--pgdata=" + fresh,
                                            "--username=" + USER,
                                            "--auth=scram-sha-256",
                                            "--pwfile=" + secret,
                                            "--encoding=UTF8",
                                            "--locale-provider=builtin",
                                            "--locale=C.UTF-8")),
                            folder,
                            log);
            if (initdb.await() != 0) {
                throw new EmbeddedException(
                        "PostgreSQL cannot make its data folder "
                                + fresh
                                + ": "
                                + initdb.lastWords());
            }
            Files.move(fresh, data, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(secret);
        }
    }

    private void removeUnfinished() throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, UNFINISHED + "*")) {
            for (Path one : left) {
                PostgresBinaries.deleteTree(one);
            }
        }
    }

    /**
     * Ends a server on the data of this folder that an earlier program left behind, and waits until
     * it is gone.
     */
    static void endOrphanIn(Path folder) throws IOException, InterruptedException {
        Path data = folder.resolve("data");
        List<String> lines = pidFile(data);
        if (lines.isEmpty() || !lines.getFirst().strip().matches("\\d+")) {
            return;
        }
        ProcessHandle orphan =
                ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
                        .filter(found -> isServerOn(data, found))
                        .orElse(null);
        if (orphan == null) {
            return;
        }
        for (String signal : List.of("-INT", "-QUIT", "-KILL")) {
            new ProcessBuilder("kill", signal, Long.toString(orphan.pid())).start().waitFor();
            long deadline = System.nanoTime() + ORPHAN_PATIENCE.toNanos();
            while (orphan.isAlive() && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            if (!orphan.isAlive()) {
                return;
            }
        }
        throw new EmbeddedException(
                "A PostgreSQL of an earlier run, process " + orphan.pid() + ", does not end.");
    }

    /**
     * Whether the process is a PostgreSQL on that data. After the machine's end its id may be that
     * of any other program, of a PostgreSQL of somebody else too.
     */
    private static boolean isServerOn(Path data, ProcessHandle process) {
        if (!process.info().command().orElse("").endsWith("/bin/postgres")) {
            return false;
        }
        List<String> arguments = List.of(process.info().arguments().orElse(new String[0]));
        int at = arguments.indexOf("-D");
        try {
            return at >= 0
                    && at + 1 < arguments.size()
                    && Files.isSameFile(Path.of(arguments.get(at + 1)), data);
        } catch (IOException e) {
            return false;
        }
    }

    private void awaitReady(ChildProcess child) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            List<String> lines = pidFile(data);
            if (lines.size() >= STATUS_LINE && lines.get(STATUS_LINE - 1).strip().equals("ready")) {
                return;
            }
            if (!child.alive()) {
                throw new EmbeddedException("PostgreSQL does not start: " + child.lastWords());
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        throw new EmbeddedException("PostgreSQL is not ready after " + PATIENCE.toSeconds() + " s");
    }

    private static List<String> pidFile(Path data) throws IOException {
        Path file = data.resolve("postmaster.pid");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private void createDatabase() {
        try (Connection connection =
                        DriverManager.getConnection(
                                "jdbc:postgresql://127.0.0.1:" + port + "/postgres",
                                USER,
                                password);
                Statement statement = connection.createStatement()) {
            boolean there;
            try (ResultSet found =
                    statement.executeQuery(
                            "SELECT FROM pg_database WHERE datname = '" + DATABASE + "'")) {
                there = found.next();
            }
            if (!there) {
                statement.execute("CREATE DATABASE " + DATABASE);
            }
        } catch (SQLException e) {
            throw new EmbeddedException("PostgreSQL refuses us: " + e.getMessage(), e);
        }
    }

    private static String passwordIn(Path file) throws IOException {
        if (Files.exists(file)) {
            return Files.readString(file).strip();
        }
        byte[] random = new byte[PASSWORD_BYTES];
        new java.security.SecureRandom().nextBytes(random);
        Path fresh = file.resolveSibling("password.tmp");
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, mode("rw-------"));
        Files.writeString(fresh, HexFormat.of().formatHex(random) + "\n");
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        return HexFormat.of().formatHex(random);
    }

    private static FileAttribute<Set<PosixFilePermission>> mode(String permissions) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
    }
}
