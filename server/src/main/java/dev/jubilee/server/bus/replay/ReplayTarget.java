package dev.jubilee.server.bus.replay;

import dev.jubilee.events.Envelope;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Where the events of a replay go. Thread-safe. */
@FunctionalInterface
public interface ReplayTarget {
    /**
     * Takes events, in this order, each marked with the replay's id. The next ones come once these
     * are done with.
     *
     * @return completes when they are safe there; exceptionally when they are to be sent again
     */
    CompletableFuture<?> send(List<Envelope> events);
}
