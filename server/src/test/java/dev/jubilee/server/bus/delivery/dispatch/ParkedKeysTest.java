package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.dispatch.ParkedKeys.Parked;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ParkedKeysTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Instant LATER = NOW.plusSeconds(60);
    private static final UUID ID = UUID.randomUUID();
    private static final int CROWD = DeliveryWindow.SIZE / 2;

    private final DeliveryWindow window = new DeliveryWindow();
    private final SubscriberQueue queue = new SubscriberQueue(subscription(), window, 10);

    @Test
    void whatIsTriedAgainLastMakesRoomWithEverythingBehindIt() {
        take(delivery(1, "soon", NOW.plusSeconds(1)));
        take(delivery(2, "late", LATER));
        take(delivery(3, "late", NOW));
        take(delivery(4, "late", NOW));
        take(delivery(5, null, LATER.minusSeconds(1)));
        window.reserveUpTo(CROWD - 1);

        assertThat(queue.park(NOW)).extracting(Delivery::id).containsExactly(2L, 3L, 4L, 5L);

        assertThat(used()).isEqualTo(CROWD);
        assertThat(window.isParked("late")).isTrue();
        assertThat(window.isParked("soon")).isFalse();
        assertThat(queue.offer(delivery(6, "late", NOW), NOW)).as("its key is parked").isFalse();
        assertThat(queue.offer(delivery(7, "soon", NOW), NOW)).isTrue();
        assertThat(queue.next(NOW)).as("it waits behind its first").isNull();
    }

    @Test
    void whatIsDueSoonStays() {
        take(delivery(1, "k", NOW.plusMillis(100)));
        window.reserveUpTo(CROWD);

        assertThat(queue.park(NOW.plusMillis(100))).isEmpty();
    }

    @Test
    void nothingIsParkedWhereThereIsRoom() {
        take(delivery(1, "k", LATER));
        window.reserveUpTo(CROWD - 1);

        assertThat(queue.park(NOW)).isEmpty();
    }

    @Test
    void noMoreIsParkedThanOneRemembers() {
        int most = ParkedKeys.MOST;
        LongStream.rangeClosed(1, most + 3)
                .forEach(id -> queue.offer(delivery(id, "k" + id, LATER.plusMillis(id)), NOW));
        window.reserveUpTo(DeliveryWindow.SIZE);

        List<Delivery> parked = new ArrayList<>();
        for (List<Delivery> some = queue.park(NOW); !some.isEmpty(); some = queue.park(NOW)) {
            parked.addAll(some);
            window.reserveUpTo(DeliveryWindow.SIZE);
        }

        assertThat(parked).hasSize(most);
        assertThat(window.isParked("k3")).isFalse();
    }

    @Test
    void theFirstOfAKeyIsBroughtWhenItIsDueAndWritten() {
        Parked parked = park();

        assertThat(queue.parked.isDue(LATER)).isFalse();
        queue.parked.written(parked, 1);
        assertThat(queue.parked.isDue(NOW)).isFalse();
        assertThat(queue.parked.nextDue()).isEqualTo(LATER);
        assertThat(queue.parked.due(LATER, 10)).containsExactly(1L);
        assertThat(queue.parked.due(LATER, 10)).as("it is brought once").isEmpty();
    }

    @Test
    void theKeyIsLetGoWhenItsFirstIsOverAndWhatIsBehindIsReadBeforeAnythingElse() {
        Parked parked = park();
        queue.parked.written(parked, 1);
        queue.parked.due(LATER, 10);
        window.caughtUp(window.mark());
        deliverFirst();

        List<Parked> ended = queue.parked.ended(7);
        assertThat(ended).containsExactly(parked);
        assertThat(window.isParked("k")).isTrue();
        queue.parked.letGo(ended);

        assertThat(window.isParked("k")).isFalse();
        assertThat(window.isBehind()).isTrue();
        assertThat(queue.offer(delivery(2, "k", NOW), NOW)).isTrue();
    }

    /** It was placed before the key was parked, and comes before what is behind that key. */
    @Test
    void aKeyIsNotLetGoWhileSomethingOfItMayBeOnItsWay() {
        Parked parked = park();
        queue.parked.written(parked, 1);
        queue.parked.due(LATER, 10);
        deliverFirst();

        assertThat(queue.parked.ended(6)).as("batch 7 is under way").isEmpty();
        assertThat(queue.parked.hasEnded()).isTrue();
        assertThat(queue.parked.ended(7)).hasSize(1);
    }

    @Test
    void aKeyIsNotLetGoBeforeItIsWrittenThatWhatCameLateWaits() {
        Parked parked = park();
        queue.parked.written(parked, 1);
        queue.parked.due(LATER, 10);
        assertThat(queue.parked.puttingBack(delivery(9, "k", NOW), 7)).isSameAs(parked);
        deliverFirst();

        assertThat(queue.parked.ended(7)).isEmpty();
        queue.parked.written(parked, 9);
        List<Parked> ended = queue.parked.ended(7);
        assertThat(ended).containsExactly(parked);

        // Handed over before it was known that this would be let go.
        queue.parked.puttingBack(delivery(10, "k", NOW), 7);
        queue.parked.letGo(ended);
        assertThat(window.isParked("k")).isTrue();
        queue.parked.written(parked, 10);
        queue.parked.letGo(queue.parked.ended(7));
        assertThat(window.isParked("k")).isFalse();
    }

    @Test
    void aFirstThatIsNotThereAnyMoreHoldsNothingBack() {
        Parked parked = park();
        queue.parked.written(parked, 1);
        queue.parked.due(LATER, 10);

        queue.parked.gone(1);

        assertThat(queue.parked.ended(7)).containsExactly(parked);
    }

    @Test
    void whatCouldNotBeBroughtIsBroughtLater() {
        queue.parked.written(park(), 1);
        List<Long> due = queue.parked.due(LATER, 10);

        queue.parked.notBrought(due);

        assertThat(queue.parked.due(LATER, 10)).containsExactly(1L);
    }

    @Test
    void aFirstThatFailsAgainIsParkedAgain() {
        queue.parked.written(park(), 1);
        queue.parked.due(LATER, 10);
        queue.offerFirst(delivery(1, "k", LATER), LATER);
        Shipment first = Objects.requireNonNull(queue.next(LATER));
        queue.requestEnded();
        queue.again(first.after(2, LATER.plusSeconds(60)));
        window.reserveUpTo(DeliveryWindow.SIZE);

        List<Delivery> out = queue.park(LATER);

        assertThat(out).extracting(Delivery::id).containsExactly(1L);
        queue.parked.written(queue.parked.puttingBack(out.getFirst(), 8), 1);
        assertThat(queue.parked.due(LATER, 10)).isEmpty();
        assertThat(queue.parked.due(LATER.plusSeconds(60), 10)).containsExactly(1L);
    }

    @Test
    void aKeyThatIsParkedIsDueAtAnotherEndpoint() {
        Parked parked = park();
        queue.hurry(NOW);
        assertThat(queue.parked.due(NOW, 10)).as("it is not written yet").isEmpty();

        queue.parked.written(parked, 1);

        assertThat(queue.parked.due(NOW, 10)).containsExactly(1L);
    }

    @Test
    void whoGivesUpOrderWaitsForNoKey() {
        Parked parked = park();
        queue.parked.written(parked, 1);

        queue.subscription(subscription(Subscription.Ordering.NONE));

        assertThat(queue.parked.nextDue()).isNull();
        queue.parked.letGo(queue.parked.ended(7));
        assertThat(window.isParked("k")).isFalse();
        assertThat(queue.parked.isHeld(delivery(1, "k", NOW))).isFalse();
    }

    /** A key with one event, as batch 7 is routed. */
    private Parked park() {
        take(delivery(1, "k", LATER));
        window.reserveUpTo(CROWD);
        List<Delivery> out = queue.park(NOW);
        assertThat(out).extracting(Delivery::id).containsExactly(1L);
        return queue.parked.puttingBack(out.getFirst(), 7);
    }

    private void deliverFirst() {
        queue.offerFirst(delivery(1, "k", LATER), LATER);
        Shipment first = Objects.requireNonNull(queue.next(LATER));
        queue.requestEnded();
        assertThat(queue.parked.hasEnded()).isFalse();
        queue.finished(first, LATER);
        assertThat(queue.parked.hasEnded()).isTrue();
    }

    private void take(Delivery one) {
        assertThat(queue.offer(one, NOW)).isTrue();
        window.reserveUpTo(1);
    }

    private static Delivery delivery(long id, @Nullable String key, Instant due) {
        return new Delivery(ID, id, "e" + id, "game.kill", "t", key, 1, new byte[10], 1, due, NOW);
    }

    private static Subscription subscription() {
        return subscription(Subscription.Ordering.KEY);
    }

    private static Subscription subscription(Subscription.Ordering ordering) {
        return new Subscription(
                ID,
                "service",
                "#",
                List.of(),
                DeliveryMethod.WEBHOOK,
                "http://localhost/hook",
                null,
                null,
                null,
                new RetryPolicy(5, Duration.ofSeconds(60), null),
                0,
                new Subscription.Batching(false, 2, Duration.ofSeconds(1)),
                true,
                Duration.ofSeconds(30),
                ordering,
                "now",
                Map.of(),
                null,
                new Subscription.State(
                        Subscription.Status.ACTIVE, null, "closed", null, NOW, NOW, NOW, 0));
    }

    private int used() {
        int free = window.reserveUpTo(DeliveryWindow.SIZE);
        window.release(free);
        return DeliveryWindow.SIZE - free;
    }
}
