package dev.jubilee.server.outbox;

import dev.jubilee.events.Envelope;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The way to the bus, as the outbox sees it. */
@FunctionalInterface
public interface BusPublisher {
    /**
     * Publishes in the order given; events of one key stay in the order of the calls. Completes
     * once all of them are acknowledged, and exceptionally when one may not be: with {@link
     * EventRefused} when one will never be taken, whatever became of the others.
     */
    CompletableFuture<?> publish(String topic, List<Envelope> events);
}
