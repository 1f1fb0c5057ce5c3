package dev.jubilee.server.bus.delivery.shards;

import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The work for the subscriptions of an instance's shards. Thread-safe. */
public interface ShardWork {
    /** Begins to look after every subscription of these shards, or goes on. */
    void takeOver(Set<Integer> shards);

    /** Begins nothing more for these shards; completes when what is under way has ended. */
    CompletableFuture<Void> drain(Set<Integer> shards);

    /** Forgets what it has of these shards, of which nothing is under way. */
    CompletableFuture<Void> leave(Set<Integer> shards);

    /** Forgets everything: this instance was deposed. */
    void drop();
}
