package dev.jubilee.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Says when programs have been warmed up: once their compilers hardly have anything to do while the
 * load goes on. A rate that no longer rises does not say it, as it also stands still while the
 * compilers take what it would have gained. Reads /proc. For one thread.
 */
final class Warmth {
    /** Seconds of compiling in a second of load that do not matter. */
    private static final double LITTLE = 0.08;

    private static final int MOST_ROUNDS = 24;

    private final List<Long> processes;
    private int rounds;
    private long since;
    private double before;

    private Warmth(List<Long> processes) {
        this.processes = processes;
    }

    /** Of the platform and its Kafka. */
    static Warmth of(Installation at) {
        return new Warmth(List.of(at.program(), at.kafka()));
    }

    /** Of one JVM. */
    static Warmth of(long process) {
        return new Warmth(List.of(process));
    }

    /** Of this program, when it measures what runs in it. */
    static Warmth own() {
        return of(ProcessHandle.current().pid());
    }

    /** Whether another round of load is wanted; asked before each, the first one included. */
    boolean wantsMore() {
        long now = System.nanoTime();
        double compiled = processes.stream().mapToDouble(Warmth::compiling).sum();
        boolean cold = rounds == 0 || isCompiling(compiled - before, (now - since) / 1e9);
        since = now;
        before = compiled;
        return cold && rounds++ < MOST_ROUNDS;
    }

    static boolean isCompiling(double compiledSeconds, double seconds) {
        return compiledSeconds > LITTLE * seconds;
    }

    /**
     * Seconds that the compilers of a JVM have taken so far; of threads that ended nothing is
     * known.
     */
    private static double compiling(long process) {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + process + "/task"))) {
            return threads.filter(Warmth::isCompiler).mapToDouble(Warmth::seconds).sum();
        } catch (IOException e) {
            throw new BenchException("Cannot read what process " + process + " compiles", e);
        }
    }

    private static boolean isCompiler(Path thread) {
        return read(thread.resolve("comm")).matches("C[12] Compiler.*\\s*");
    }

    private static double seconds(Path thread) {
        String stat = read(thread.resolve("stat"));
        return stat.isEmpty() ? 0 : Meter.ticks(stat)[0] / Meter.TICKS;
    }

    /** Empty when the thread has ended. */
    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
