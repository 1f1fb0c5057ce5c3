package dev.jubilee.server.bus.delivery.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Priority;
import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SubscriberQueueTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final UUID ID = UUID.randomUUID();

    @Test
    void highPriorityGoesFirstAndLowLast() {
        SubscriberQueue queue = queue(TestSubscriptions.single());
        queue.offer(delivery(1, 0), NOW);
        queue.offer(ranked(2, Priority.LOW), NOW);
        queue.offer(ranked(3, Priority.HIGH), NOW);
        queue.offer(ranked(4, Priority.NORMAL), NOW);

        assertThat(Stream.generate(() -> queue.next(NOW)).limit(4))
                .extracting(one -> Objects.requireNonNull(one).id())
                .containsExactly("e3", "e1", "e4", "e2");
    }

    private static Delivery ranked(long id, Priority priority) {
        int rank = Delivery.rank(priority);
        return new Delivery(
                ID, id, "e" + id, "game.kill", "t", null, rank, new byte[0], 0, NOW, NOW);
    }

    @Test
    void aBatchStaysOneThoughTheSubscriptionNoLongerMakesAny() {
        SubscriberQueue queue = queue(TestSubscriptions.batching(0));
        queue.offer(delivery(1, 0), NOW);
        queue.offer(delivery(2, 0), NOW);
        Shipment batch = Objects.requireNonNull(queue.next(NOW));
        queue.requestEnded();
        queue.again(batch.after(1, NOW));

        queue.subscription(TestSubscriptions.single());

        Shipment again = Objects.requireNonNull(queue.next(NOW));
        assertThat(again.size()).isEqualTo(2);
        assertThat(new String(again.body(), UTF_8)).isEqualTo("[1,2]");
        assertThat(again.id()).isEqualTo(batch.id());
    }

    @Test
    void whatFailedBeforeGoesByItselfAndKeepsItsCount() {
        SubscriberQueue queue = queue(TestSubscriptions.batching(0));
        queue.offer(delivery(1, 3), NOW);
        queue.offer(delivery(2, 0), NOW);
        queue.offer(delivery(3, 0), NOW);

        Shipment alone = Objects.requireNonNull(queue.next(NOW));
        assertThat(alone.attempts()).isEqualTo(3);
        assertThat(new String(alone.body(), UTF_8)).isEqualTo("[1]");
        Shipment fresh = Objects.requireNonNull(queue.next(NOW));
        assertThat(fresh.attempts()).isZero();
        assertThat(fresh.size()).isEqualTo(2);
    }

    @Test
    void aBatchLargerThanARateThatWasLoweredGoesInTheEnd() {
        SubscriberQueue queue = queue(TestSubscriptions.batching(0));
        queue.offer(delivery(1, 0), NOW);
        queue.offer(delivery(2, 0), NOW);
        Shipment batch = Objects.requireNonNull(queue.next(NOW));
        queue.requestEnded();
        queue.again(batch.after(1, NOW));

        queue.subscription(TestSubscriptions.batching(1));

        assertThat(queue.next(NOW.plusSeconds(30))).isNull();
        assertThat(queue.next(NOW.plusSeconds(62))).isNotNull();
    }

    /** So receivers know it, however it came before. */
    @Test
    void anEventByItselfHasItsOwnIdInABatchOfOneToo() {
        SubscriberQueue queue = queue(TestSubscriptions.batching(0));
        queue.offer(delivery(1, 3), NOW);
        queue.offer(delivery(2, 0), NOW);
        queue.offer(delivery(3, 0), NOW);

        Shipment alone = Objects.requireNonNull(queue.next(NOW));
        Shipment two = Objects.requireNonNull(queue.next(NOW));

        assertThat(alone.id()).isEqualTo("e1");
        assertThat(two.id()).isNotIn("e2", "e3");
    }

    @Test
    void whetherAnEndpointIsWellAgainIsTriedWithWhatNeverFailed() {
        SubscriberQueue queue = queue(TestSubscriptions.single());
        queue.offer(delivery(1, 0), NOW);
        Shipment failed = Objects.requireNonNull(queue.next(NOW));
        queue.requestEnded();
        queue.again(failed.after(1, NOW));
        for (int i = 0; i < 10; i++) {
            queue.breaker.failed(NOW, null);
        }
        assertThat(queue.next(NOW)).isNull();
        queue.offer(delivery(2, 0), NOW);

        Shipment probe = Objects.requireNonNull(queue.next(NOW.plusSeconds(5)));

        assertThat(probe.id()).isEqualTo("e2");
    }

    @Test
    void whatWaitsForOneEndpointIsDueAtTheNext() {
        Instant late = NOW.plusSeconds(3_600);
        SubscriberQueue queue = queue(TestSubscriptions.single());
        queue.offer(delivery(1, 0), NOW);
        Shipment failed = Objects.requireNonNull(queue.next(NOW));
        queue.requestEnded();
        queue.again(failed.after(1, late));
        queue.loadAt = late;
        assertThat(queue.next(NOW)).isNull();

        queue.hurry(NOW);

        assertThat(queue.loadAt).as("what is not in memory is due as well").isNull();
        Shipment again = Objects.requireNonNull(queue.next(NOW));
        assertThat(again.id()).isEqualTo("e1");
        assertThat(again.attempts()).isEqualTo(1);
    }

    @Test
    void theSlowStartOfAnotherEndpointHoldsForWhatWaited() {
        SubscriberQueue queue = queue(TestSubscriptions.single());
        for (int id = 1; id <= 8; id++) {
            queue.again(Shipment.of(delivery(id, 1).after(1, NOW.plusSeconds(60)), false));
            queue.grow();
        }
        queue.subscription(TestSubscriptions.elsewhere());
        queue.hurry(NOW);

        assertThat(Stream.generate(() -> queue.next(NOW)).takeWhile(Objects::nonNull)).hasSize(4);
    }

    static SubscriberQueue queue(Subscription subscription) {
        return new SubscriberQueue(subscription, new DeliveryWindow(), 10);
    }

    private static Delivery delivery(long id, int attempts) {
        return new Delivery(
                ID,
                id,
                "e" + id,
                "game.kill",
                "t",
                null,
                1,
                Long.toString(id).getBytes(UTF_8),
                attempts,
                NOW,
                NOW);
    }
}
