package dev.jubilee.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** CPU time of each process, and the most memory that the program held, while a load runs. */
final class Meter implements AutoCloseable {
    /** The kernel's unit in /proc; 100 on every Linux that we know. */
    static final double TICKS = 100;

    private static final long GLANCE_MILLIS = 100;

    /**
     * One process a connection; everything else is one process, whose children are counted apart.
     */
    private static final String WITH_CHILDREN = "postgresql";

    private final Map<String, Long> processes;
    private final long program;
    private final Map<String, Double> before;
    private final AtomicLong mostKilobytes = new AtomicLong();
    private final Thread watch;
    private volatile boolean closed;

    private Meter(Map<String, Long> processes, long program) {
        this.processes = processes;
        this.program = program;
        this.before = read();
        this.watch = Thread.ofPlatform().daemon().name("memory-watch").start(this::watch);
    }

    /** Starts to measure the platform and what it stands on. */
    static Meter of(Installation at) {
        Map<String, Long> processes = new LinkedHashMap<>();
        processes.put("program", at.program());
        processes.put(WITH_CHILDREN, at.postgres());
        processes.put("kafka", at.kafka());
        return new Meter(processes, at.program());
    }

    /** Starts to measure one process. */
    static Meter of(String name, long pid) {
        return new Meter(Map.of(name, pid), pid);
    }

    /**
     * CPU seconds of each since the start; {@code load} is this program and its finished children.
     */
    Map<String, Double> seconds() {
        Map<String, Double> now = read();
        Map<String, Double> spent = new LinkedHashMap<>();
        now.forEach((name, value) -> spent.put(name, value - before.getOrDefault(name, 0.0)));
        return spent;
    }

    /** Threads that the program has now. */
    long threads() {
        return status(program, "Threads:");
    }

    /** The most resident memory that was seen, in bytes. */
    long mostMemory() {
        glance();
        return mostKilobytes.get() * 1024;
    }

    private void watch() {
        while (!closed) {
            glance();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(GLANCE_MILLIS));
        }
    }

    private void glance() {
        mostKilobytes.accumulateAndGet(status(program, "VmRSS:"), Math::max);
    }

    private Map<String, Double> read() {
        Map<String, Double> all = new LinkedHashMap<>();
        processes.forEach(
                (name, pid) -> all.put(name, name.equals(WITH_CHILDREN) ? tree(pid) : own(pid)));
        long[] own = stat("self");
        all.put("load", (own[0] + own[1]) / TICKS);
        return all;
    }

    private static double own(long pid) {
        return stat(Long.toString(pid))[0] / TICKS;
    }

    /** A process, its living children, and what its dead children took. */
    private static double tree(long pid) {
        long[] own = stat(Long.toString(pid));
        long ticks = own[0] + own[1];
        List<Long> children =
                ProcessHandle.of(pid)
                        .map(ProcessHandle::descendants)
                        .orElse(Stream.empty())
                        .map(ProcessHandle::pid)
                        .toList();
        for (long child : children) {
            ticks += stat(Long.toString(child))[0];
        }
        return ticks / TICKS;
    }

    /** Ticks of a process itself, and of its children that have ended. */
    private static long[] stat(String pid) {
        try {
            return ticks(Files.readString(Path.of("/proc", pid, "stat")));
        } catch (IOException e) {
            return new long[] {0, 0};
        }
    }

    static long[] ticks(String stat) {
        // The second field is the name in brackets, which may hold anything, even brackets.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return new long[] {
            Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
            Long.parseLong(fields[13]) + Long.parseLong(fields[14])
        };
    }

    private static long status(long pid, String field) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException | java.io.UncheckedIOException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(watch);
    }
}
