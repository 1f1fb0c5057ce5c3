package dev.jubilee.server.bus.delivery.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Priority;
import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.windows.Window;
import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OutletTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final UUID ID = UUID.randomUUID();

    @Test
    void highPriorityGoesFirstAndLowLast() {
        Outlet outlet = outlet(TestSubscriptions.single());
        outlet.offer(delivery(1, 0), NOW);
        outlet.offer(ranked(2, Priority.LOW), NOW);
        outlet.offer(ranked(3, Priority.HIGH), NOW);
        outlet.offer(ranked(4, Priority.NORMAL), NOW);

        assertThat(Stream.generate(() -> outlet.next(NOW)).limit(4))
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
        Outlet outlet = outlet(TestSubscriptions.batching(0));
        outlet.offer(delivery(1, 0), NOW);
        outlet.offer(delivery(2, 0), NOW);
        Shipment batch = Objects.requireNonNull(outlet.next(NOW));
        outlet.landed();
        outlet.again(batch.after(1, NOW));

        outlet.subscription(TestSubscriptions.single());

        Shipment again = Objects.requireNonNull(outlet.next(NOW));
        assertThat(again.size()).isEqualTo(2);
        assertThat(new String(again.body(), UTF_8)).isEqualTo("[1,2]");
        assertThat(again.id()).isEqualTo(batch.id());
    }

    @Test
    void whatFailedBeforeGoesByItselfAndKeepsItsCount() {
        Outlet outlet = outlet(TestSubscriptions.batching(0));
        outlet.offer(delivery(1, 3), NOW);
        outlet.offer(delivery(2, 0), NOW);
        outlet.offer(delivery(3, 0), NOW);

        Shipment alone = Objects.requireNonNull(outlet.next(NOW));
        assertThat(alone.attempts()).isEqualTo(3);
        assertThat(new String(alone.body(), UTF_8)).isEqualTo("[1]");
        Shipment fresh = Objects.requireNonNull(outlet.next(NOW));
        assertThat(fresh.attempts()).isZero();
        assertThat(fresh.size()).isEqualTo(2);
    }

    @Test
    void aBatchLargerThanARateThatWasLoweredGoesInTheEnd() {
        Outlet outlet = outlet(TestSubscriptions.batching(0));
        outlet.offer(delivery(1, 0), NOW);
        outlet.offer(delivery(2, 0), NOW);
        Shipment batch = Objects.requireNonNull(outlet.next(NOW));
        outlet.landed();
        outlet.again(batch.after(1, NOW));

        outlet.subscription(TestSubscriptions.batching(1));

        assertThat(outlet.next(NOW.plusSeconds(30))).isNull();
        assertThat(outlet.next(NOW.plusSeconds(62))).isNotNull();
    }

    /** So receivers know it, however it came before. */
    @Test
    void anEventByItselfHasItsOwnIdInABatchOfOneToo() {
        Outlet outlet = outlet(TestSubscriptions.batching(0));
        outlet.offer(delivery(1, 3), NOW);
        outlet.offer(delivery(2, 0), NOW);
        outlet.offer(delivery(3, 0), NOW);

        Shipment alone = Objects.requireNonNull(outlet.next(NOW));
        Shipment two = Objects.requireNonNull(outlet.next(NOW));

        assertThat(alone.id()).isEqualTo("e1");
        assertThat(two.id()).isNotIn("e2", "e3");
    }

    @Test
    void whetherAnEndpointIsWellAgainIsTriedWithWhatNeverFailed() {
        Outlet outlet = outlet(TestSubscriptions.single());
        outlet.offer(delivery(1, 0), NOW);
        Shipment failed = Objects.requireNonNull(outlet.next(NOW));
        outlet.landed();
        outlet.again(failed.after(1, NOW));
        for (int i = 0; i < 10; i++) {
            outlet.breaker.failed(NOW, null);
        }
        assertThat(outlet.next(NOW)).isNull();
        outlet.offer(delivery(2, 0), NOW);

        Shipment probe = Objects.requireNonNull(outlet.next(NOW.plusSeconds(5)));

        assertThat(probe.id()).isEqualTo("e2");
    }

    @Test
    void whatWaitsForOneEndpointIsDueAtTheNext() {
        Instant late = NOW.plusSeconds(3_600);
        Outlet outlet = outlet(TestSubscriptions.single());
        outlet.offer(delivery(1, 0), NOW);
        Shipment failed = Objects.requireNonNull(outlet.next(NOW));
        outlet.landed();
        outlet.again(failed.after(1, late));
        outlet.loadAt = late;
        assertThat(outlet.next(NOW)).isNull();

        outlet.hurry(NOW);

        assertThat(outlet.loadAt).as("what is not in memory is due as well").isNull();
        Shipment again = Objects.requireNonNull(outlet.next(NOW));
        assertThat(again.id()).isEqualTo("e1");
        assertThat(again.attempts()).isEqualTo(1);
    }

    @Test
    void theSlowStartOfAnotherEndpointHoldsForWhatWaited() {
        Outlet outlet = outlet(TestSubscriptions.single());
        for (int id = 1; id <= 8; id++) {
            outlet.again(Shipment.of(delivery(id, 1).after(1, NOW.plusSeconds(60)), false));
            outlet.grow();
        }
        outlet.subscription(TestSubscriptions.elsewhere());
        outlet.hurry(NOW);

        assertThat(Stream.generate(() -> outlet.next(NOW)).takeWhile(Objects::nonNull)).hasSize(4);
    }

    static Outlet outlet(Subscription subscription) {
        return new Outlet(subscription, new Window(), 10);
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
