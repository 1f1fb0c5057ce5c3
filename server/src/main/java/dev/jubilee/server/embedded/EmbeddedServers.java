package dev.jubilee.server.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The embedded PostgreSQL and Kafka of one data folder, running.
 *
 * <p>Both are ended by {@link #close()}, and by the kernel's closing of their standard input when
 * this process dies in any other way. One that dies by itself is started again on the same port;
 * {@link ServerHealth} hears of it. Thread-safe.
 */
public final class EmbeddedServers implements AutoCloseable {
    /** Less than this and PostgreSQL would soon stop in the middle of its work. */
    private static final long LEAST_FREE_BYTES = 256L << 20;

    private final HomeLock lock;
    private final List<Supervised> running;
    private final @Nullable PostgresServer postgres;
    private final @Nullable KafkaServer kafka;

    private EmbeddedServers(
            HomeLock lock,
            List<Supervised> running,
            @Nullable PostgresServer postgres,
            @Nullable KafkaServer kafka) {
        this.lock = lock;
        this.running = List.copyOf(running);
        this.postgres = postgres;
        this.kafka = kafka;
    }

    /**
     * Takes the data folder, starts what is wanted side by side, and returns when all of it
     * answers.
     *
     * @throws EmbeddedException when the folder is in use or cannot be written, a fixed port is
     *     taken, or a server fails
     */
    public static EmbeddedServers start(EmbeddedSettings settings, ServerHealth health) {
        HomeLock lock = prepare(settings.home());
        List<Supervised> children = new ArrayList<>();
        try {
            Path home = settings.home();
            endOrphans(home);
            Ports ports = new Ports(home);
            PostgresServer postgres = settings.postgres() ? postgres(settings, ports) : null;
            KafkaServer kafka = settings.kafka() ? kafka(settings, ports) : null;
            ports.save();
            // Kafka first: it is the slower of the two to start, and so the first to be closed.
            for (@Nullable ChildServer server : new @Nullable ChildServer[] {kafka, postgres}) {
                if (server != null) {
                    children.add(new Supervised(server, health));
                }
            }
            startAll(children);
            return new EmbeddedServers(lock, children, postgres, kafka);
        } catch (RuntimeException e) {
            children.forEach(Supervised::close);
            lock.close();
            throw e;
        }
    }

    private static HomeLock prepare(Path home) {
        try {
            Files.createDirectories(home.resolve("logs"));
        } catch (IOException e) {
            throw new EmbeddedException(
                    "Cannot write to the data folder " + home + ": " + HomeLock.reason(e), e);
        }
        HomeLock lock = HomeLock.take(home);
        long free = home.toFile().getUsableSpace();
        if (free < LEAST_FREE_BYTES) {
            lock.close();
            throw new EmbeddedException(
                    "The data folder %s has %d MB of free disk, and needs at least %d MB."
                            .formatted(home, free >> 20, LEAST_FREE_BYTES >> 20));
        }
        return lock;
    }

    /** What an earlier program left behind still holds its ports. */
    private static void endOrphans(Path home) {
        try {
            PostgresServer.endOrphanIn(home.resolve("postgresql"));
            KafkaServer.endOrphanIn(home.resolve("kafka"));
        } catch (IOException e) {
            throw new EmbeddedException("Cannot read " + home + ": " + HomeLock.reason(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EmbeddedException("Interrupted while starting", e);
        }
    }

    private static PostgresServer postgres(EmbeddedSettings settings, Ports ports) {
        Path home = settings.home();
        return PostgresServer.in(
                home.resolve("postgresql"),
                settings.binaries(),
                home.resolve("logs/postgresql.log"),
                ports.portOf("PostgreSQL", settings.postgresPort()));
    }

    private static KafkaServer kafka(EmbeddedSettings settings, Ports ports) {
        Path home = settings.home();
        return new KafkaServer(
                home.resolve("kafka"),
                home.resolve("logs/kafka.log"),
                ports.portOf("Kafka", settings.kafkaPort()),
                ports.portOf("Kafka.controller", OptionalInt.empty()),
                settings.kafkaJvm());
    }

    private static void startAll(List<Supervised> children) {
        List<CompletableFuture<Void>> starts =
                children.stream()
                        .map(child ->
                                CompletableFuture.runAsync(
                                        () -> start(child), EmbeddedServers::fork))
                        .toList();
        // Waits for all before it fails: a server that is still starting could not be closed.
        @Nullable Throwable failure = null;
        for (CompletableFuture<Void> start : starts) {
            try {
                start.join();
            } catch (CompletionException e) {
                failure = failure == null ? e.getCause() : failure;
            }
        }
        if (failure instanceof EmbeddedException e) {
            throw e;
        }
        if (failure != null) {
            throw new EmbeddedException("The embedded servers do not start: " + failure, failure);
        }
    }

    private static void fork(Runnable task) {
        Thread.ofPlatform().daemon().name("start-embedded").start(task);
    }

    private static void start(Supervised child) {
        try {
            child.start();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EmbeddedException("Interrupted while starting", e);
        }
    }

    /** The process that holds a data folder at this moment, if any does. */
    public static OptionalLong holderOf(Path home) {
        return HomeLock.holderOf(home);
    }

    /** JDBC address of the platform's database. */
    public String databaseUrl() {
        return requirePostgres().jdbcUrl();
    }

    /** The database user, who owns the database. */
    public String user() {
        return PostgresServer.USER;
    }

    public String password() {
        return requirePostgres().password();
    }

    /** Kafka's bootstrap address. */
    public String kafkaBrokers() {
        if (kafka == null) {
            throw new IllegalStateException("Kafka was not asked for");
        }
        return kafka.brokers();
    }

    /**
     * Makes room in PostgreSQL's log for the first load, in the background and once for a data
     * folder; closing gives up on it.
     */
    public AutoCloseable makeLogAhead() {
        PostgresServer server = requirePostgres();
        return new LogSegments(server.jdbcUrl(), server.password(), server.folder()).start();
    }

    /** Process ids of the children that run at this moment, Kafka before PostgreSQL. */
    public List<Long> processIds() {
        return running.stream().map(Supervised::pid).filter(pid -> pid > 0).toList();
    }

    private PostgresServer requirePostgres() {
        if (postgres == null) {
            throw new IllegalStateException("PostgreSQL was not asked for");
        }
        return postgres;
    }

    /** Ends both in order and gives the folder free. Returns when they are gone. */
    @Override
    public void close() {
        running.forEach(Supervised::close);
        lock.close();
    }
}
