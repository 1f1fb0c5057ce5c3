package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.dispatch.ParkedKeys.Parked;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.windows.Window;
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
    private static final int CROWD = Window.SIZE / 2;

    private final Window window = new Window();
    private final Outlet outlet = new Outlet(subscription(), window, 10);

    @Test
    void whatIsTriedAgainLastMakesRoomWithEverythingBehindIt() {
        take(delivery(1, "soon", NOW.plusSeconds(1)));
        take(delivery(2, "late", LATER));
        take(delivery(3, "late", NOW));
        take(delivery(4, "late", NOW));
        take(delivery(5, null, LATER.minusSeconds(1)));
        window.reserveUpTo(CROWD - 1);

        assertThat(outlet.park(NOW)).extracting(Delivery::id).containsExactly(2L, 3L, 4L, 5L);

        assertThat(used()).isEqualTo(CROWD);
        assertThat(window.isParked("late")).isTrue();
        assertThat(window.isParked("soon")).isFalse();
        assertThat(outlet.offer(delivery(6, "late", NOW), NOW)).as("its key is parked").isFalse();
        assertThat(outlet.offer(delivery(7, "soon", NOW), NOW)).isTrue();
        assertThat(outlet.next(NOW)).as("it waits behind its first").isNull();
    }

    @Test
    void whatIsDueSoonStays() {
        take(delivery(1, "k", NOW.plusMillis(100)));
        window.reserveUpTo(CROWD);

        assertThat(outlet.park(NOW.plusMillis(100))).isEmpty();
    }

    @Test
    void nothingIsParkedWhereThereIsRoom() {
        take(delivery(1, "k", LATER));
        window.reserveUpTo(CROWD - 1);

        assertThat(outlet.park(NOW)).isEmpty();
    }

    @Test
    void noMoreIsParkedThanOneRemembers() {
        int most = ParkedKeys.MOST;
        LongStream.rangeClosed(1, most + 3)
                .forEach(id -> outlet.offer(delivery(id, "k" + id, LATER.plusMillis(id)), NOW));
        window.reserveUpTo(Window.SIZE);

        List<Delivery> parked = new ArrayList<>();
        for (List<Delivery> some = outlet.park(NOW); !some.isEmpty(); some = outlet.park(NOW)) {
            parked.addAll(some);
            window.reserveUpTo(Window.SIZE);
        }

        assertThat(parked).hasSize(most);
        assertThat(window.isParked("k3")).isFalse();
    }

    @Test
    void theFirstOfAKeyIsBroughtWhenItIsDueAndWritten() {
        Parked parked = park();

        assertThat(outlet.parked.isDue(LATER)).isFalse();
        outlet.parked.written(parked, 1);
        assertThat(outlet.parked.isDue(NOW)).isFalse();
        assertThat(outlet.parked.nextDue()).isEqualTo(LATER);
        assertThat(outlet.parked.due(LATER, 10)).containsExactly(1L);
        assertThat(outlet.parked.due(LATER, 10)).as("it is brought once").isEmpty();
    }

    @Test
    void theKeyIsLetGoWhenItsFirstIsOverAndWhatIsBehindIsReadBeforeAnythingElse() {
        Parked parked = park();
        outlet.parked.written(parked, 1);
        outlet.parked.due(LATER, 10);
        window.caughtUp(window.mark());
        deliverFirst();

        List<Parked> ended = outlet.parked.ended(7);
        assertThat(ended).containsExactly(parked);
        assertThat(window.isParked("k")).isTrue();
        outlet.parked.letGo(ended);

        assertThat(window.isParked("k")).isFalse();
        assertThat(window.isBehind()).isTrue();
        assertThat(outlet.offer(delivery(2, "k", NOW), NOW)).isTrue();
    }

    /** It was placed before the key was parked, and comes before what is behind that key. */
    @Test
    void aKeyIsNotLetGoWhileSomethingOfItMayBeOnItsWay() {
        Parked parked = park();
        outlet.parked.written(parked, 1);
        outlet.parked.due(LATER, 10);
        deliverFirst();

        assertThat(outlet.parked.ended(6)).as("batch 7 is under way").isEmpty();
        assertThat(outlet.parked.hasEnded()).isTrue();
        assertThat(outlet.parked.ended(7)).hasSize(1);
    }

    @Test
    void aKeyIsNotLetGoBeforeItIsWrittenThatWhatCameLateWaits() {
        Parked parked = park();
        outlet.parked.written(parked, 1);
        outlet.parked.due(LATER, 10);
        assertThat(outlet.parked.puttingBack(delivery(9, "k", NOW), 7)).isSameAs(parked);
        deliverFirst();

        assertThat(outlet.parked.ended(7)).isEmpty();
        outlet.parked.written(parked, 9);
        List<Parked> ended = outlet.parked.ended(7);
        assertThat(ended).containsExactly(parked);

        // Handed over before it was known that this would be let go.
        outlet.parked.puttingBack(delivery(10, "k", NOW), 7);
        outlet.parked.letGo(ended);
        assertThat(window.isParked("k")).isTrue();
        outlet.parked.written(parked, 10);
        outlet.parked.letGo(outlet.parked.ended(7));
        assertThat(window.isParked("k")).isFalse();
    }

    @Test
    void aFirstThatIsNotThereAnyMoreHoldsNothingBack() {
        Parked parked = park();
        outlet.parked.written(parked, 1);
        outlet.parked.due(LATER, 10);

        outlet.parked.gone(1);

        assertThat(outlet.parked.ended(7)).containsExactly(parked);
    }

    @Test
    void whatCouldNotBeBroughtIsBroughtLater() {
        outlet.parked.written(park(), 1);
        List<Long> due = outlet.parked.due(LATER, 10);

        outlet.parked.notBrought(due);

        assertThat(outlet.parked.due(LATER, 10)).containsExactly(1L);
    }

    @Test
    void aFirstThatFailsAgainIsParkedAgain() {
        outlet.parked.written(park(), 1);
        outlet.parked.due(LATER, 10);
        outlet.offerFirst(delivery(1, "k", LATER), LATER);
        Shipment first = Objects.requireNonNull(outlet.next(LATER));
        outlet.landed();
        outlet.again(first.after(2, LATER.plusSeconds(60)));
        window.reserveUpTo(Window.SIZE);

        List<Delivery> out = outlet.park(LATER);

        assertThat(out).extracting(Delivery::id).containsExactly(1L);
        outlet.parked.written(outlet.parked.puttingBack(out.getFirst(), 8), 1);
        assertThat(outlet.parked.due(LATER, 10)).isEmpty();
        assertThat(outlet.parked.due(LATER.plusSeconds(60), 10)).containsExactly(1L);
    }

    @Test
    void aKeyThatIsParkedIsDueAtAnotherEndpoint() {
        Parked parked = park();
        outlet.hurry(NOW);
        assertThat(outlet.parked.due(NOW, 10)).as("it is not written yet").isEmpty();

        outlet.parked.written(parked, 1);

        assertThat(outlet.parked.due(NOW, 10)).containsExactly(1L);
    }

    @Test
    void whoGivesUpOrderWaitsForNoKey() {
        Parked parked = park();
        outlet.parked.written(parked, 1);

        outlet.subscription(subscription(Subscription.Ordering.NONE));

        assertThat(outlet.parked.nextDue()).isNull();
        outlet.parked.letGo(outlet.parked.ended(7));
        assertThat(window.isParked("k")).isFalse();
        assertThat(outlet.parked.isHeld(delivery(1, "k", NOW))).isFalse();
    }

    /** A key with one event, as batch 7 is routed. */
    private Parked park() {
        take(delivery(1, "k", LATER));
        window.reserveUpTo(CROWD);
        List<Delivery> out = outlet.park(NOW);
        assertThat(out).extracting(Delivery::id).containsExactly(1L);
        return outlet.parked.puttingBack(out.getFirst(), 7);
    }

    private void deliverFirst() {
        outlet.offerFirst(delivery(1, "k", LATER), LATER);
        Shipment first = Objects.requireNonNull(outlet.next(LATER));
        outlet.landed();
        assertThat(outlet.parked.hasEnded()).isFalse();
        outlet.finished(first, LATER);
        assertThat(outlet.parked.hasEnded()).isTrue();
    }

    private void take(Delivery one) {
        assertThat(outlet.offer(one, NOW)).isTrue();
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
        int free = window.reserveUpTo(Window.SIZE);
        window.release(free);
        return Window.SIZE - free;
    }
}
