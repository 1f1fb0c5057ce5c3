package dev.jubilee.server;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.Bus;
import dev.jubilee.server.bus.publish.PublishException;
import dev.jubilee.server.bus.topics.TopicEnds;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.progress.ProgressBus;
import dev.jubilee.server.outbox.BusPublisher;
import dev.jubilee.server.outbox.EventRefused;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.admin.Admin;

/** How live-ops reaches the bus: the one place where the two meet. */
final class LiveOpsBus implements BusPublisher, EndOffsets, ProgressBus.Topics {
    private final Bus bus;
    private final TopicEnds ends;

    LiveOpsBus(Bus bus, Admin admin) {
        this.bus = bus;
        this.ends = new TopicEnds(admin, bus.topics().catalogue());
    }

    @Override
    public CompletableFuture<?> publish(String topic, List<Envelope> events) {
        return bus.publisher()
                .forward(topic, events)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(refusal(failure)));
    }

    /** Tells what will never be taken from what may be, later. */
    private static Throwable refusal(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException e && e.getCause() != null
                        ? e.getCause()
                        : failure;
        return cause instanceof PublishException e
                        && e.reason() == PublishException.Reason.TOO_LARGE
                ? new EventRefused(String.valueOf(e.getMessage()), e)
                : cause;
    }

    @Override
    public Collection<String> names() {
        return bus.topics().catalogue().names();
    }

    @Override
    public Map<String, UUID> ids() {
        return ends.ids();
    }

    @Override
    public void onChange(Runnable listener) {
        bus.topics().catalogue().onChange(listener);
    }

    @Override
    public Optional<List<PartitionEnd>> capture(Instant end) {
        if (!bus.settling().isThrough(end)) {
            return Optional.empty();
        }
        return Optional.of(
                ends.now().stream()
                        .map(at ->
                                new PartitionEnd(
                                        at.topic(), at.topicId(), at.partition(), at.offset()))
                        .toList());
    }
}
