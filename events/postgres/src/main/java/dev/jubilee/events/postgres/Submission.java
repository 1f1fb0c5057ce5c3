package dev.jubilee.events.postgres;

import java.util.concurrent.CompletableFuture;

/** One item on its way, which is at once the future its caller holds. */
final class Submission<T, R> extends CompletableFuture<R> {
    final T item;
    final long deadline;
    final FairQueue.Share<T, R> share;

    /** The deadline is a {@link System#nanoTime()}. */
    Submission(T item, long deadline, FairQueue.Share<T, R> share) {
        this.item = item;
        this.deadline = deadline;
        this.share = share;
    }

    /** Dependent stages are ordinary futures: only the caller's own handle is a submission. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }
}
