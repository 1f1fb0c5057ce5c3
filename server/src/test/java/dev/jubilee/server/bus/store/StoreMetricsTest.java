package dev.jubilee.server.bus.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.stats.Activity;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class StoreMetricsTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private StoreMetrics metrics(boolean tracking) {
        return new StoreMetrics(registry, InstantSource.fixed(NOW), new Activity(), tracking);
    }

    private static EventRow row(String type) {
        Instant before = NOW.minusMillis(300);
        Envelope event = Envelope.of("e1", type, "/arena", before).build();
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>("game.events", 0, 0, null, null);
        return new EventRow(record, event, UUID.randomUUID(), null, NOW, null, null);
    }

    private double counted(String status) {
        Counter counter = registry.find("events").tags("status", status).counter();
        return counter == null ? 0 : counter.count();
    }

    @Test
    void whatWasStoredAndWhatWasNotIsTracked() {
        StoreMetrics metrics = metrics(true);

        metrics.stored(List.of(row("game.kill"), row("game.kill")), 1);
        metrics.parked(row("game.kill"));

        assertThat(counted("processed")).isEqualTo(2);
        assertThat(counted("failed")).isEqualTo(1);
        Timer latency = registry.get("event.latency").tag("type", "game.kill").timer();
        assertThat(latency.mean(TimeUnit.MILLISECONDS)).isEqualTo(300);
    }

    @Test
    void whoTurnsTrackingOffHasNoneOfIt() {
        StoreMetrics metrics = metrics(false);

        metrics.stored(List.of(row("game.kill")), 1);
        metrics.parked(row("game.kill"));

        assertThat(registry.find("events").meters()).isEmpty();
        assertThat(registry.find("event.latency").meters()).isEmpty();
        assertThat(registry.find("event_bus_events_consumed").meters()).isNotEmpty();
    }
}
