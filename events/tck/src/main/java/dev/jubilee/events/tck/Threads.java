package dev.jubilee.events.tck;

import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Threads that start at the same moment. */
final class Threads {
    private Threads() {}

    @FunctionalInterface
    interface Task {
        void run(int thread) throws Exception;
    }

    static void together(int threads, Task task) throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(threads);
        try (var executor = Executors.newFixedThreadPool(threads)) {
            List<? extends Future<?>> tasks =
                    IntStream.range(0, threads)
                            .mapToObj(thread ->
                                    executor.submit(() -> {
                                        barrier.await();
                                        task.run(thread);
                                        return null;
                                    }))
                            .toList();
            try {
                for (Future<?> running : tasks) {
                    running.get(2, TimeUnit.MINUTES);
                }
            } finally {
                executor.shutdownNow();
            }
        }
    }
}
