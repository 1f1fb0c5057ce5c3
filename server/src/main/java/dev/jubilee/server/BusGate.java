package dev.jubilee.server;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.Bus;
import dev.jubilee.server.bus.topics.TopicEnds;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.progress.ProgressBus;
import dev.jubilee.server.outbox.BusPublisher;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

/** How live-ops reaches the bus: the one place where the two meet. */
final class BusGate implements BusPublisher, EndOffsets, ProgressBus.Topics {
    /**
     * What another instance accepted is acknowledged well within this time, unless Kafka stands
     * still.
     */
    private static final long SETTLING_MILLIS = 250;

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
    public List<PartitionEnd> capture() {
        try {
            TimeUnit.MILLISECONDS.sleep(SETTLING_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while events settled", e);
        }
        bus.publisher().settle();
        return ends.now().stream()
                .map(end -> new PartitionEnd(end.topic(), end.partition(), end.offset()))
                .toList();
    }
}
