package dev.jubilee.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/**
 * What writers did, who each made one append after the other.
 *
 * @param appends that were acknowledged
 * @param latencies of each, sorted, in nanoseconds
 */
@SuppressWarnings("ArrayRecordComponent") // only read
record Written(long appends, long[] latencies, double seconds) {
    /** Makes the appends of one writer, on its thread. */
    @FunctionalInterface
    interface Writer {
        /** Makes the next append, after so many before it. */
        void append(long done) throws Exception;
    }

    /** So many writers at a time, each on a thread of its own, for so long. */
    static Written by(int writers, Duration duration, IntFunction<Writer> writer) {
        long start = System.nanoTime();
        long end = start + duration.toNanos();
        List<Future<long[]>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < writers; i++) {
                Writer each = writer.apply(i);
                running.add(threads.submit(() -> write(each, end)));
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long[] latencies = running.stream().flatMapToLong(w -> Arrays.stream(of(w))).toArray();
        Arrays.sort(latencies);
        return new Written(latencies.length, latencies, seconds);
    }

    private static long[] write(Writer writer, long end) throws Exception {
        long[] latencies = new long[1024];
        int count = 0;
        while (System.nanoTime() < end) {
            long before = System.nanoTime();
            writer.append(count);
            if (count == latencies.length) {
                latencies = Arrays.copyOf(latencies, 2 * count);
            }
            latencies[count++] = System.nanoTime() - before;
        }
        return Arrays.copyOf(latencies, count);
    }

    /**
     * What came of it.
     *
     * @throws BenchException if it failed
     */
    static <T> T of(Future<T> done) {
        try {
            return done.get();
        } catch (ExecutionException e) {
            throw new BenchException("The event store: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", e);
        }
    }

    double rate() {
        return appends / seconds;
    }

    double milliseconds(double quantile) {
        int place = (int) Math.min(latencies.length - 1L, (long) (latencies.length * quantile));
        return latencies.length == 0 ? 0 : latencies[place] / 1e6;
    }
}
