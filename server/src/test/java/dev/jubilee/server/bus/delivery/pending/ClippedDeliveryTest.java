package dev.jubilee.server.bus.delivery.pending;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ClippedDeliveryTest {
    private static final String SMILE = "\uD83D\uDE00";

    @Test
    void whatIsTooLongIsClippedWithoutCuttingASurrogatePair() {
        Envelope event =
                Envelope.of("1", "t".repeat(99) + SMILE, "/test", Instant.EPOCH)
                        .partitionKey("k".repeat(254) + SMILE)
                        .build();

        Delivery delivery =
                Delivery.of(new UUID(0, 1), "a.topic", event, new byte[0], Instant.EPOCH);

        assertThat(delivery.eventType()).isEqualTo("t".repeat(99));
        assertThat(delivery.key()).isEqualTo("k".repeat(254));
    }
}
