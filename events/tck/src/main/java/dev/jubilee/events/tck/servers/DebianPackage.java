package dev.jubilee.events.tck.servers;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/** A server program from a package of the machine, which is installed if it is missing. */
final class DebianPackage {
    private static final Path LOCK =
            Path.of(System.getProperty("java.io.tmpdir"), "tck-debian-package.lock");

    private DebianPackage() {}

    /**
     * Sees to it that the program is there: as root it is installed, and its system service kept
     * from starting.
     *
     * @throws IllegalStateException in one line, if it is missing and cannot be installed
     */
    static synchronized void require(String name, Path program, String instead) {
        if (Files.isExecutable(program)) {
            return;
        }
        String advice =
                "%s is missing: apt-get install --no-install-recommends %s, or set %s"
                        .formatted(program, name, instead);
        boolean root = "root".equals(System.getProperty("user.name"));
        if (!root || !Files.isExecutable(Path.of("/usr/bin/apt-get"))) {
            throw new IllegalStateException(advice);
        }
        // The tests of several modules run at once, and apt-get does not wait for another's update.
        try (FileChannel file = FileChannel.open(LOCK, CREATE, WRITE)) {
            file.lock();
            if (!Files.isExecutable(program)) {
                install(name);
            }
        } catch (IOException e) {
            throw new IllegalStateException(advice + " (" + e.getMessage() + ")", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(advice, e);
        }
        if (!Files.isExecutable(program)) {
            throw new IllegalStateException(advice);
        }
    }

    private static void install(String name) throws IOException, InterruptedException {
        Path policy = Path.of("/usr/sbin/policy-rc.d");
        boolean ours = !Files.exists(policy);
        if (ours) {
            Files.writeString(policy, "#!/bin/sh\nexit 101\n");
            Files.setPosixFilePermissions(policy, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        try {
            apt(List.of("update", "-qq"));
            apt(List.of("install", "-y", "-qq", "--no-install-recommends", name));
        } finally {
            if (ours) {
                Files.deleteIfExists(policy);
            }
        }
    }

    private static void apt(List<String> arguments) throws IOException, InterruptedException {
        // Another run on the machine may be at it too.
        ProcessBuilder builder =
                new ProcessBuilder("/usr/bin/apt-get", "-o", "DPkg::Lock::Timeout=300");
        builder.command().addAll(arguments);
        builder.environment().putAll(Map.of("DEBIAN_FRONTEND", "noninteractive"));
        Process process = builder.redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            String last = output.lines().reduce("", (before, line) -> line);
            throw new IOException("apt-get: " + last);
        }
    }
}
