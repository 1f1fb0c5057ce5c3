package dev.jubilee.events.redis;

import dev.jubilee.events.PublishException;
import io.lettuce.core.RedisFuture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Events on their way to the server, at most so many at a time: one more waits. Thread-safe; what
 * one thread sends stays in order.
 */
final class Publishing {
    private static final int MOST_ON_THEIR_WAY = 1000;
    private static final Duration DRAIN_WITHIN = Duration.ofSeconds(30);

    private final Semaphore room = new Semaphore(MOST_ON_THEIR_WAY);

    /** Sends as soon as there is room; completes when the server did it. */
    CompletableFuture<Void> send(Supplier<RedisFuture<?>> command) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            room.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            done.completeExceptionally(new PublishException("interrupted while waiting", e));
            return done;
        }
        try {
            var unused =
                    command.get()
                            .whenComplete((answer, error) -> {
                                room.release();
                                if (error == null) {
                                    done.complete(null);
                                } else {
                                    done.completeExceptionally(failed(error));
                                }
                            });
        } catch (RuntimeException e) { // of the client, which throws what it likes
            room.release();
            done.completeExceptionally(failed(e));
        }
        return done;
    }

    /** Returns when everything that was sent is answered, or it took too long. */
    void drain() {
        try {
            if (room.tryAcquire(
                    MOST_ON_THEIR_WAY, DRAIN_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                room.release(MOST_ON_THEIR_WAY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void await(CompletableFuture<Void> done) {
        try {
            done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof PublishException failure ? failure : e;
        }
    }

    /** Sends all before it waits for the first. */
    static <T> void awaitAll(List<T> all, Function<T, CompletableFuture<Void>> send) {
        List<CompletableFuture<Void>> sent = new ArrayList<>(all.size());
        all.forEach(each -> sent.add(send.apply(each)));
        sent.forEach(Publishing::await);
    }

    private static PublishException failed(Throwable cause) {
        return new PublishException("Redis did not take an event: " + cause.getMessage(), cause);
    }
}
