package dev.jubilee.server;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.Bus;
import dev.jubilee.server.bus.topics.TopicEnds;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.progress.ProgressBus;
import dev.jubilee.server.outbox.BusPublisher;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;

/** How live-ops reaches the bus: the one place where the two meet. */
final class BusGate implements BusPublisher, EndOffsets, ProgressBus.Topics {
    private final Bus bus;
    private final TopicEnds ends;

    BusGate(Bus bus, Admin admin) {
        this.bus = bus;
        this.ends = new TopicEnds(admin, bus.topics().catalogue());
    }

    @Override
    public CompletableFuture<?> publish(String topic, List<Envelope> events) {
        return bus.publisher().publish(topic, events);
    }

    @Override
    public Collection<String> names() {
        return bus.topics().catalogue().names();
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
                        .map(at -> new PartitionEnd(at.topic(), at.partition(), at.offset()))
                        .toList());
    }
}
