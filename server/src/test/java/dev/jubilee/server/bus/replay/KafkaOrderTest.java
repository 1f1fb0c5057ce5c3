package dev.jubilee.server.bus.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class KafkaOrderTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
    private static final UUID LATER = Span.floor(NOON.plusSeconds(60));

    @Test
    void anEventThatASlowClockAcceptedTooLateWaitsForItsForerunner() {
        KafkaOrder order = new KafkaOrder();
        // Offset 1 was accepted by an instance whose clock is 200 ms ahead of the other's.
        order.add(List.of(event(2, 0), event(3, 50), event(1, 200)));

        assertThat(order.until(NOON.plusMillis(200))).isEmpty();
        assertThat(order.until(NOON.plusMillis(301)))
                .extracting(StoredEvent::offset)
                .containsExactly(1L, 2L, 3L);
        assertThat(order.firstUndone(List.of(), LATER)).isEqualTo(LATER);
    }

    @Test
    void whatIsHeldIsNotDoneWith() {
        KafkaOrder order = new KafkaOrder();
        order.add(List.of(event(1, 0), event(2, 500)));
        assertThat(order.until(NOON.plusMillis(500)))
                .extracting(StoredEvent::offset)
                .containsExactly(1L);
        assertThat(order.firstUndone(List.of(), LATER)).isEqualTo(Span.floor(NOON.plusMillis(500)));
        assertThat(order.firstUndone(List.of(event(0, 100)), LATER))
                .isEqualTo(Span.floor(NOON.plusMillis(100)));
        assertThat(order.rest()).extracting(StoredEvent::offset).containsExactly(2L);
    }

    private static StoredEvent event(long offset, long millis) {
        Instant at = NOON.plusMillis(millis);
        return new StoredEvent(
                Span.floor(at),
                "e" + offset,
                true,
                "game.kill",
                "game.events",
                "s",
                "k",
                null,
                null,
                0,
                offset,
                "completed",
                0,
                "normal",
                at,
                at,
                at,
                null,
                null,
                null,
                true,
                false);
    }
}
