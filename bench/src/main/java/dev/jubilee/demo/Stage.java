package dev.jubilee.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A part of the demo that many do at once, with a progress bar where someone is watching. */
final class Stage {
    /** More at once would only queue in front of two cores. */
    private static final int AT_ONCE = 48;

    private final PrintStream out;
    private final boolean watched;

    Stage(PrintStream out, boolean watched) {
        this.out = out;
        this.watched = watched;
    }

    /**
     * Does the work for every item, many at once, and returns when all is done.
     *
     * @throws RuntimeException the first failure; what had begun was finished
     */
    <T> void each(String title, Collection<T> items, Consumer<T> work) {
        long start = System.nanoTime();
        if (watched) {
            try (ProgressBar bar = bar(title, items.size())) {
                run(
                        items,
                        item -> {
                            work.accept(item);
                            bar.step();
                        });
            }
        } else {
            run(items, work);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        out.printf("  %-44s %,9d   %5.1f s%n", title, items.size(), took.toMillis() / 1000.0);
    }

    private static <T> void run(Collection<T> items, Consumer<T> work) {
        Semaphore room = new Semaphore(AT_ONCE);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> done = new ArrayList<>(items.size());
            for (T item : items) {
                room.acquireUninterruptibly();
                done.add(
                        threads.submit(() -> {
                            try {
                                work.accept(item);
                            } finally {
                                room.release();
                            }
                        }));
            }
            done.forEach(Stage::await);
        }
    }

    private static void await(Future<?> future) {
        try {
            future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static ProgressBar bar(String title, int size) {
        return new ProgressBarBuilder()
                .setTaskName("  " + title)
                .setInitialMax(size)
                .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                .setUpdateIntervalMillis(100)
                .clearDisplayOnFinish()
                .build();
    }
}
