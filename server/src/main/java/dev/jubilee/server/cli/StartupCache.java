package dev.jubilee.server.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JVM's ahead-of-time caches of the program and of the embedded Kafka, which halve a start.
 *
 * <p>They are made once for a JDK and a set of jars: after the platform is ready, a second one
 * starts at the lowest priority on a throw-away folder, ends again, and leaves both caches. The JVM
 * itself refuses a cache of other jars, and then merely starts slower. The same jars in another
 * folder it takes, and may fail to start (JDK 25 with sealed packages); so the class path that they
 * were made for is kept beside the caches, and they are used for no other, neither here nor by the
 * launcher.
 */
final class StartupCache {
    private static final Logger LOG = LoggerFactory.getLogger(StartupCache.class);

    /**
     * What a short rehearsal says of the paths that code takes, no longer run follows. Compiled by
     * it, and not by what is seen as it runs, publishing took a fifth more of the processor, for
     * ever. So the caches hold classes, and no profiles.
     */
    private static final List<String> WITHOUT_PROFILES =
            List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTRecordTraining");

    private static final String PROGRAM = "program.aot";
    private static final String KAFKA = "kafka.aot";
    private static final String KEY = "key";
    private static final String CLASS_PATH = "classpath";
    private static final long PATIENCE_MINUTES = 5;

    private final Path folder;

    StartupCache(Path folder) {
        this.folder = folder;
    }

    /** Options that let Kafka's JVM use the cache, if there is one for this program. */
    List<String> kafkaOptions() {
        Path cache = folder.resolve(KAFKA);
        return Files.exists(cache) && isForThisClassPath()
                ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off", "-Xlog:cds=off")
                : List.of();
    }

    private boolean isForThisClassPath() {
        try {
            return Files.readString(folder.resolve(CLASS_PATH)).equals(classPath());
        } catch (IOException e) {
            return false; // there is none, or none that can be read: a slower start
        }
    }

    /** Options that make Kafka's JVM leave a cache when it ends. */
    List<String> kafkaRecording() {
        List<String> options = new ArrayList<>(WITHOUT_PROFILES);
        options.addAll(
                List.of("-XX:AOTCacheOutput=" + fresh(KAFKA), "-Xlog:aot=off", "-Xlog:cds=off"));
        return options;
    }

    /** Makes the caches if they are missing or of other jars; closing gives up on it. */
    AutoCloseable trainInBackground(Path home) {
        Training training = new Training(home);
        training.thread.start();
        return training;
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }

    private Path fresh(String name) {
        return folder.resolve(name + ".new");
    }

    private boolean upToDate(String key) throws IOException {
        Path known = folder.resolve(KEY);
        return Files.exists(folder.resolve(PROGRAM))
                && Files.exists(folder.resolve(KAFKA))
                && isForThisClassPath()
                && Files.exists(known)
                && Files.readString(known).equals(key);
    }

    /** Identifies the JDK, its options and the jars by name, size and time, as the JVM does. */
    private static String currentKey() throws IOException {
        List<String> parts = new ArrayList<>();
        parts.add(System.getProperty("java.vm.version"));
        parts.addAll(options());
        parts.addAll(WITHOUT_PROFILES);
        for (String jar : classPath().split(":", -1)) {
            Path file = Path.of(jar);
            if (!jar.endsWith(".jar")) {
                // Folders of classes cannot be cached: this is a run from an editor or a test.
                return "";
            }
            parts.add(jar + " " + Files.size(file) + " " + Files.getLastModifiedTime(file));
        }
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of()
                    .formatHex(
                            digest.digest(
                                    String.join("\n", parts).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> options() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith("-XX:AOT"))
                .toList();
    }

    /**
     * What lets a program have only the time that no other wants; empty where there is nothing.
     *
     * <p>A nice program still takes a fifth of a busy machine: whenever the others wait for a
     * moment it begins a time slice, and keeps it. An idle one gives way at once.
     */
    private static List<String> inTheBackground() throws InterruptedException {
        for (List<String> prefix :
                List.of(
                        List.of("/usr/bin/chrt", "--idle", "0"),
                        List.of("/usr/bin/nice", "-n", "19"))) {
            if (works(prefix)) {
                return prefix;
            }
        }
        return List.of();
    }

    /** It may be there and still be refused, as in some containers. */
    private static boolean works(List<String> prefix) throws InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.add("/bin/true");
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private final class Training implements AutoCloseable {
        private final Path home;
        private final Thread thread =
                Thread.ofPlatform().daemon().name("startup-cache").unstarted(this::run);

        Training(Path home) {
            this.home = home;
        }

        private void run() {
            try {
                String key = currentKey();
                List<String> prefix =
                        key.isEmpty() || upToDate(key) ? List.of() : inTheBackground();
                if (!prefix.isEmpty()) {
                    train(key, prefix);
                }
            } catch (IOException e) {
                LOG.info("No start-up cache: {}", e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void train(String key, List<String> prefix)
                throws IOException, InterruptedException {
            Path scratch = folder.resolve("training");
            delete(scratch);
            Files.createDirectories(scratch);
            Process process = start(scratch, prefix);
            try {
                boolean rehearsed =
                        process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)
                                && process.exitValue() == 0
                                && Files.exists(fresh(PROGRAM))
                                && Files.exists(fresh(KAFKA));
                if (!rehearsed) {
                    LOG.info("No start-up cache; {} says why", folder.resolve("training.log"));
                } else {
                    Files.deleteIfExists(folder.resolve(CLASS_PATH));
                    move(PROGRAM);
                    move(KAFKA);
                    Files.writeString(folder.resolve(KEY), key);
                    Files.writeString(folder.resolve(CLASS_PATH), classPath());
                }
            } finally {
                end(process);
                delete(scratch);
            }
        }

        private Process start(Path scratch, List<String> prefix) throws IOException {
            List<String> command = new ArrayList<>(prefix);
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(options());
            command.addAll(WITHOUT_PROFILES);
            command.add("-XX:AOTCacheOutput=" + fresh(PROGRAM));
            command.addAll(List.of("-cp", classPath()));
            command.addAll(List.of(Main.class.getName(), "up", "--train", folder.toString()));
            command.add("--trainer=" + ProcessHandle.current().pid());
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(folder.resolve("training.log").toFile());
            Map<String, String> environment = builder.environment();
            environment.keySet().removeAll(List.of("DATABASE_URL", "KAFKA_BROKERS"));
            environment.put("JUBILEE_HOME", scratch.toString());
            environment.put("JUBILEE_POSTGRES_PROGRAMS", home.resolve("postgresql").toString());
            for (String port : List.of("EVENT_BUS_PORT", "SERVER_PORT", "JUBILEE_METRICS_PORT")) {
                environment.put(port, "0");
            }
            environment.put("JUBILEE_POSTGRES_PORT", "0");
            environment.put("JUBILEE_KAFKA_PORT", "0");
            return builder.start();
        }

        private void move(String name) throws IOException {
            Files.move(fresh(name), folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }

        private void end(Process process) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }

        private static void delete(Path scratch) throws IOException {
            if (!Files.exists(scratch)) {
                return;
            }
            try (Stream<Path> files = Files.walk(scratch)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }

        @Override
        public void close() {
            thread.interrupt();
            try {
                thread.join(TimeUnit.SECONDS.toMillis(10));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
