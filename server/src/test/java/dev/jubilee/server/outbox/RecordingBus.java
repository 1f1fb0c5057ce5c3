package dev.jubilee.server.outbox;

import dev.jubilee.events.Envelope;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** Takes what is published and remembers it; refuses what a test wants refused. */
final class RecordingBus implements BusPublisher {
    final List<Envelope> taken = new CopyOnWriteArrayList<>();
    private volatile Predicate<Envelope> refused = event -> false;
    private volatile Predicate<Envelope> tooLarge = event -> false;

    void refuse(Predicate<Envelope> which) {
        refused = which;
    }

    /** Takes the others of the same call, as Kafka does, and never these. */
    void refuseForGood(Predicate<Envelope> which) {
        tooLarge = which;
    }

    @Override
    public CompletableFuture<?> publish(String topic, List<Envelope> events) {
        if (events.stream().anyMatch(refused)) {
            return CompletableFuture.failedFuture(new IllegalStateException("refused by the test"));
        }
        events.stream().filter(tooLarge.negate()).forEach(taken::add);
        return events.stream().anyMatch(tooLarge)
                ? CompletableFuture.failedFuture(
                        new EventRefused(
                                "larger than the test allows", new IllegalStateException()))
                : CompletableFuture.completedFuture(null);
    }

    List<String> keys() {
        return taken.stream().map(event -> String.valueOf(event.partitionKey())).toList();
    }

    List<String> ids() {
        return taken.stream().map(Envelope::id).toList();
    }
}
