package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.TestSubscriptions;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class QueueTimersTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Instant FAR = NOW.plusSeconds(3_600);

    private final QueueTimers timers = new QueueTimers();
    private final SubscriberQueue queue = SubscriberQueueTest.queue(TestSubscriptions.batching(0));
    private final UUID id = queue.subscription().id();
    private final Map<UUID, SubscriberQueue> open = Map.of(id, queue);

    @Test
    void whatIsToBeLookedAtSoonerIsNotLookedAtTwice() {
        for (int i = 0; i < 100; i++) {
            Instant now = NOW.plusSeconds(i);
            timers.schedule(queue, FAR);
            timers.schedule(queue, now.plusMillis(100));
            assertThat(timers.size()).isEqualTo(1);
            assertThat(timers.due(now.plusMillis(100), open)).containsExactly(id);
        }
        assertThat(timers.isEmpty()).isTrue();
    }

    @Test
    void whatIsLaterThanWhatIsAlreadyWaitedForChangesNothing() {
        timers.schedule(queue, NOW);
        timers.schedule(queue, FAR);

        assertThat(timers.due(NOW, open)).containsExactly(id);
        assertThat(timers.due(FAR, open)).isEmpty();
        timers.schedule(queue, FAR);
        assertThat(timers.due(FAR, open)).containsExactly(id);
    }
}
