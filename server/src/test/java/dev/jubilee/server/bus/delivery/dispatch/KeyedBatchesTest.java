package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.sending.Shipment;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.bus.subscriptions.RetryPolicy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Batches where events of one key wait for each other; up to five in each. */
class KeyedBatchesTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Instant LATER = NOW.plusSeconds(60);
    private static final Duration WINDOW = Duration.ofSeconds(1);
    private static final UUID ID = UUID.randomUUID();

    private final DeliveryWindow window = new DeliveryWindow();
    private final SubscriberQueue queue =
            new SubscriberQueue(subscription(DeliveryMethod.WEBHOOK), window, 10);

    @Test
    void eventsOfOneKeyGoTogetherAsSoonAsTheyFillABatch() {
        for (int id = 1; id <= 12; id++) {
            offer(id, "k");
        }

        Shipment first = next(NOW);
        assertThat(ids(first)).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(queue.next(NOW)).as("their key is under way").isNull();
        finish(first);
        Shipment second = next(NOW);
        assertThat(ids(second)).containsExactly(6L, 7L, 8L, 9L, 10L);
        finish(second);
        assertThat(queue.next(NOW)).as("two may get company").isNull();
        assertThat(ids(next(NOW.plus(WINDOW)))).containsExactly(11L, 12L);
    }

    @Test
    void aKeyIsLetGoOnceForAllOfItsEventsInABatch() {
        for (int id = 1; id <= 7; id++) {
            offer(id, "k");
        }
        finish(next(NOW));

        Shipment rest = next(NOW.plus(WINDOW));

        assertThat(ids(rest)).containsExactly(6L, 7L);
        offer(8, "k");
        assertThat(queue.next(LATER)).as("its elders are under way").isNull();
        finish(rest);
        assertThat(ids(next(LATER))).containsExactly(8L);
    }

    @Test
    void aKeyWithManyEventsTakesNoPlaceFromOthers() {
        for (int id = 1; id <= 10; id++) {
            offer(id, "many");
        }
        offer(11, "a");
        offer(12, "b");
        offer(13, null);

        assertThat(ids(next(NOW))).containsExactly(1L, 11L, 12L, 13L, 2L);
    }

    @Test
    void highPriorityGoesFirstButNotBeforeItsKeysElders() {
        offer(1, "k");
        offer(2, "j");
        queue.offer(delivery(3, "k", 0, 0, 1), NOW);
        queue.offer(delivery(4, "urgent", 0, 0, 1), NOW);

        assertThat(ids(next(NOW.plus(WINDOW)))).containsExactly(4L, 1L, 2L, 3L);
    }

    @Test
    void whatWasTriedBeforeGoesByItselfAndWhatIsBehindItWaits() {
        offer(1, "k");
        queue.offer(delivery(2, "k", 1, 3, 1), NOW);
        offer(3, "k");

        Shipment first = next(NOW.plus(WINDOW));
        assertThat(ids(first)).containsExactly(1L);
        finish(first);
        Shipment second = next(NOW.plus(WINDOW));
        assertThat(ids(second)).containsExactly(2L);
        assertThat(queue.next(LATER)).isNull();
        finish(second);
        assertThat(ids(next(LATER))).containsExactly(3L);
    }

    @Test
    void aBatchIsAsLargeAsItsEventsAllow() {
        for (int id = 1; id <= 4; id++) {
            queue.offer(delivery(id, "k", 1, 0, Batches.MOST_BYTES * 2 / 5), NOW);
        }
        queue.offer(delivery(5, "k", 1, 0, 2 * Batches.MOST_BYTES), NOW);

        Shipment first = next(NOW);
        assertThat(ids(first)).containsExactly(1L, 2L);
        finish(first);
        Shipment second = next(NOW);
        assertThat(ids(second)).containsExactly(3L, 4L);
        finish(second);
        assertThat(ids(next(NOW.plus(WINDOW)))).as("larger by itself").containsExactly(5L);
    }

    /** As queues are bound by it, and an answer is of one message. */
    @Test
    void aBatchForABrokerIsOfOneTopic() {
        SubscriberQueue toRedis =
                new SubscriberQueue(subscription(DeliveryMethod.REDIS), window, 10);
        offer(toRedis, 1, null, "deaths");
        offer(toRedis, 2, "k", "kills");
        offer(toRedis, 3, null, "deaths");
        offer(toRedis, 4, "k", "kills");
        offer(toRedis, 5, "k", "deaths");

        Shipment deaths = Objects.requireNonNull(toRedis.next(NOW));
        assertThat(ids(deaths)).containsExactly(1L, 3L);
        Shipment kills = Objects.requireNonNull(toRedis.next(NOW));
        assertThat(ids(kills)).as("gathered with them").containsExactly(2L, 4L);
        assertThat(toRedis.next(LATER)).as("its key is under way").isNull();
        toRedis.requestEnded();
        toRedis.finished(kills, NOW);
        assertThat(ids(Objects.requireNonNull(toRedis.next(LATER)))).containsExactly(5L);
    }

    @Test
    void theTopicsThatHaveWaitedGoOneAfterTheOther() {
        SubscriberQueue toRabbit =
                new SubscriberQueue(subscription(DeliveryMethod.RABBITMQ), window, 10);
        offer(toRabbit, 1, null, "deaths");
        offer(toRabbit, 2, null, "kills");
        Instant due = NOW.plus(WINDOW);

        assertThat(ids(Objects.requireNonNull(toRabbit.next(due)))).containsExactly(1L);
        assertThat(ids(Objects.requireNonNull(toRabbit.next(due)))).containsExactly(2L);
    }

    @Test
    void aBatchThatMakesRoomIsParkedByTheFirstOfEachKey() {
        for (int id = 1; id <= 6; id++) {
            offer(id, "k");
        }
        Shipment failed = next(NOW);
        queue.requestEnded();
        queue.again(failed.after(1, LATER));
        window.reserveUpTo(DeliveryWindow.SIZE);

        List<Delivery> out = queue.park(NOW);

        assertThat(out).extracting(Delivery::id).containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(queue.parked.keyless()).isEmpty();
        var parked = queue.parked.puttingBack(out.getFirst(), 1);
        out.stream()
                .skip(1)
                .forEach(one -> assertThat(queue.parked.puttingBack(one, 1)).isSameAs(parked));
        out.forEach(one -> queue.parked.written(parked, one.id()));
        assertThat(queue.parked.due(LATER, 10)).containsExactly(1L);
    }

    @Test
    void whatWaitsBehindItsKeyIsDueAtAnotherEndpointToo() {
        offer(1, "k");
        queue.offer(delivery(2, "k", 1, 3, 1).after(3, LATER), NOW);
        Shipment first = next(NOW.plus(WINDOW));

        queue.hurry(NOW);
        finish(first);

        assertThat(ids(next(NOW))).containsExactly(2L);
    }

    private void offer(long id, @Nullable String key) {
        window.reserveUpTo(1);
        queue.offer(delivery(id, key, 1, 0, 1), NOW);
    }

    private void offer(SubscriberQueue to, long id, @Nullable String key, String topic) {
        window.reserveUpTo(1);
        to.offer(delivery(id, key, topic, 1, 0, 1), NOW);
    }

    private Shipment next(Instant now) {
        return Objects.requireNonNull(queue.next(now));
    }

    private void finish(Shipment shipment) {
        queue.requestEnded();
        queue.finished(shipment, NOW);
    }

    private static List<Long> ids(Shipment shipment) {
        return shipment.deliveries().stream().map(Delivery::id).toList();
    }

    private static Delivery delivery(
            long id, @Nullable String key, int priority, int attempts, int size) {
        return delivery(id, key, "t", priority, attempts, size);
    }

    private static Delivery delivery(
            long id, @Nullable String key, String topic, int priority, int attempts, int size) {
        return new Delivery(
                ID,
                id,
                "e" + id,
                "game.kill",
                topic,
                key,
                priority,
                new byte[size],
                attempts,
                NOW,
                NOW);
    }

    private static Subscription subscription(DeliveryMethod method) {
        return new Subscription(
                ID,
                "service",
                "#",
                List.of(),
                method,
                "http://localhost/hook",
                null,
                null,
                null,
                new RetryPolicy(5, Duration.ofSeconds(60), null),
                0,
                new Subscription.Batching(true, 5, WINDOW),
                true,
                Duration.ofSeconds(30),
                Subscription.Ordering.KEY,
                "now",
                Map.of(),
                null,
                new Subscription.State(
                        Subscription.Status.ACTIVE, null, "closed", null, NOW, NOW, NOW, 0));
    }
}
