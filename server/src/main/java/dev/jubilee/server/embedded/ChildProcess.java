package dev.jubilee.server.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A child that ends in order when its standard input closes: when we close it, and when the kernel
 * closes it because we died.
 *
 * <p>It runs in a session of its own, so that Ctrl-C in a terminal reaches only the program, which
 * then stops its children in the right order. What it writes goes to a log file.
 */
final class ChildProcess {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long LOG_LIMIT = 16L << 20;
    private static final int TAIL = 8192;
    private static final List<String> OWN_SESSION = ownSession();

    private final Process process;
    private final Path log;
    private final long logStart;

    private ChildProcess(Process process, Path log, long logStart) {
        this.process = process;
        this.log = log;
        this.logStart = logStart;
    }

    /**
     * Starts a command whose standard output is read by the caller and whose standard error goes to
     * the log.
     */
    static ChildProcess start(List<String> command, Path workFolder, Path log) {
        List<String> line = new ArrayList<>(OWN_SESSION);
        line.addAll(command);
        try {
            long start = rotated(log);
            ProcessBuilder builder =
                    new ProcessBuilder(line)
                            .directory(workFolder.toFile())
                            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
            // Not what the user's shell exports for servers and programs of its own.
            builder.environment()
                    .keySet()
                    .removeIf(name -> name.startsWith("PG") || name.equals("JDK_JAVA_OPTIONS"));
            builder.environment().put("LC_ALL", "C");
            return new ChildProcess(builder.start(), log, start);
        } catch (IOException e) {
            throw new EmbeddedException(
                    "Cannot start " + command.getFirst() + ": " + HomeLock.reason(e), e);
        }
    }

    private static long rotated(Path log) throws IOException {
        if (!Files.exists(log)) {
            return 0;
        }
        if (Files.size(log) > LOG_LIMIT) {
            Files.move(
                    log,
                    log.resolveSibling(log.getFileName() + ".old"),
                    StandardCopyOption.REPLACE_EXISTING);
            return 0;
        }
        return Files.size(log);
    }

    private static List<String> ownSession() {
        if (Files.isExecutable(Path.of("/usr/bin/setsid"))) {
            return List.of("/usr/bin/setsid");
        }
        if (Files.isExecutable(Path.of("/usr/bin/perl"))) {
            return List.of(
                    "/usr/bin/perl", "-e", "use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV;");
        }
        return List.of();
    }

    boolean alive() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** Waits until it ended, however that came about. */
    int await() throws InterruptedException {
        return process.waitFor();
    }

    BufferedReader output() {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Asks it to end, waits, and makes an end of it when it takes too long. Returns when it is
     * gone.
     */
    void stop() {
        List<ProcessHandle> family = process.descendants().toList();
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // It is closed either way.
        }
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                family.forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            family.forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /**
     * The last line that it logged in this run which names a reason, for a message to the operator.
     */
    String lastWords() {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(logStart, file.length() - TAIL);
            byte[] tail = new byte[(int) Math.max(0, file.length() - from)];
            file.seek(from);
            file.readFully(tail);
            List<String> lines = new String(tail, StandardCharsets.UTF_8).lines().toList();
            return lines.stream()
                    .filter(line -> line.matches(".*(FATAL|PANIC|ERROR|rror:|xception).*"))
                    .findFirst()
                    .or(() -> lines.stream().reduce((first, second) -> second))
                    .map(String::strip)
                    .orElse("it logged nothing")
                    .concat(" (see " + log + ")");
        } catch (IOException e) {
            return "see " + log;
        }
    }
}
