package dev.jubilee.events.tck.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A program with all its children, which ends when this one does: a shell waits for its standard
 * input to close, and then kills the whole group. What interrupts this program, such as Ctrl-C,
 * reaches the shell too, and does not end it before.
 */
final class PrivateProcess {
    private static final String UNTIL_WE_END =
            "trap '' INT TERM HUP;"
                    + " { trap - INT TERM HUP; exec setsid \"$@\" </dev/null; } & group=$!;"
                    + " cat >/dev/null; kill -9 -$group; wait";

    private final Process shell;
    private final Path log;

    private PrivateProcess(Process shell, Path log) {
        this.shell = shell;
        this.log = log;
    }

    static PrivateProcess start(
            List<String> command, Map<String, String> environment, Path folder) {
        List<String> line = new ArrayList<>(List.of("/bin/sh", "-c", UNTIL_WE_END, "sh"));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        Path log = folder.resolve(Path.of(command.getFirst()).getFileName() + ".log");
        builder.environment().putAll(environment);
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        try {
            return new PrivateProcess(builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isAlive() {
        return shell.isAlive();
    }

    /** What it wrote, for a failure to say. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "no log: " + e.getMessage();
        }
    }

    /** Kills it, and returns when it is gone. */
    void kill() {
        try {
            shell.getOutputStream().close();
            shell.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static Path folder(String name) {
        try {
            return Files.createTempDirectory(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
