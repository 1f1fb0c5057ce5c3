package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.DeliveryLoader;
import dev.jubilee.server.bus.delivery.pending.LoadPlan;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.delivery.streams.OpenStreams;
import dev.jubilee.server.bus.delivery.streams.StreamMemory;
import dev.jubilee.server.bus.delivery.windows.DeliveryMemory;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class BacklogLoaderTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final UUID ID = UUID.randomUUID();

    private final SubscriberQueue queue = SubscriberQueueTest.queue(TestSubscriptions.batching(0));
    private final Queue<DeliveryLoader.Wanted> asked = new ArrayDeque<>();
    private final Queue<CompletableFuture<DeliveryLoader.Loaded>> answers = new ArrayDeque<>();
    private final BacklogLoader loader =
            new BacklogLoader(
                    (subscription, wanted) -> {
                        asked.add(wanted);
                        CompletableFuture<DeliveryLoader.Loaded> answer = new CompletableFuture<>();
                        answers.add(answer);
                        return answer;
                    },
                    InstantSource.fixed(NOW),
                    Runnable::run,
                    changed -> {});

    @Test
    void whatWasFoundIsLoadedPageByPage() {
        begin();
        answer(LoadPlan.of(new long[] {2, 3}, List.of()), 1);
        begin();

        assertThat(asked.remove().plan().isEmpty()).isTrue();
        assertThat(asked.remove().plan().next(10, queue.window.loaded())).containsExactly(2L, 3L);
    }

    /** It waits behind what the key is owed from before, which nobody has looked for yet. */
    @Test
    void whatWasFoundWhileAKeyWasParkedIsNotLoadedOnceItIsLetGo() {
        begin();
        answer(LoadPlan.of(new long[] {2, 3}, List.of()), 1);
        begin();
        letAKeyGo();

        answer(LoadPlan.of(new long[] {3}, List.of()), 2);

        assertThat(queue.window.loaded()).containsExactly(1L);
        assertThat(queue.plan.isEmpty()).isTrue();
        assertThat(queue.window.isBehind()).as("it is looked for again").isTrue();
    }

    @Test
    void whatIsParkedWhileSomebodyLooksIsNotToWaitAsLongAsWhatWasFound() {
        begin();
        parked(queue, NOW.plusSeconds(10));

        nothingUntil(NOW.plusSeconds(60));

        assertThat(queue.loadAt).isEqualTo(NOW.plusSeconds(10));
    }

    @Test
    void norIsWhatIsParkedAfterwards() {
        begin();
        nothingUntil(NOW.plusSeconds(60));
        ParkedKeys.Parked one = parking(queue, NOW.plusSeconds(10));

        parking().written(queue, Map.of(9L, one));

        assertThat(queue.loadAt).isEqualTo(NOW.plusSeconds(10));
    }

    private void nothingUntil(Instant next) {
        answers.remove()
                .complete(
                        new DeliveryLoader.Loaded(
                                List.of(), false, List.of(), LoadPlan.NONE, next));
    }

    private static void parked(SubscriberQueue queue, Instant due) {
        queue.parked.written(parking(queue, due), 9);
    }

    private static ParkedKeys.Parked parking(SubscriberQueue queue, Instant due) {
        Delivery one = delivery(9, null);
        queue.parked.park(one, false, due);
        return queue.parked.puttingBack(one, 0);
    }

    private void begin() {
        loader.loadIfDue(queue, NOW);
    }

    private void answer(LoadPlan rest, long id) {
        answers.remove()
                .complete(
                        new DeliveryLoader.Loaded(
                                List.of(), false, List.of(delivery(id, null)), rest, NOW));
    }

    private void letAKeyGo() {
        queue.parked.park(delivery(9, "k"), true, NOW);
        queue.parked.gone(9);
        parking().look(queue, NOW);
        assertThat(queue.parked.isParked("k")).isFalse();
    }

    private static KeyParking parking() {
        Database nowhere = new Database(new PGSimpleDataSource());
        var placer =
                new DeliveryPlacer(
                        new SubscriptionDirectory(
                                nowhere, new ChangeFeed(new PGSimpleDataSource())),
                        new Ownership(),
                        new OpenStreams(StreamMemory.ofHeap()),
                        new DeliveryMemory(1 << 20));
        var recorder =
                new Recorder(
                        nowhere, new AttemptStore(AttemptStore.partitions(nowhere)), one -> {});
        return new KeyParking(recorder, placer, Runnable::run, changed -> {});
    }

    private static Delivery delivery(long id, @Nullable String key) {
        return new Delivery(ID, id, "e" + id, "game.kill", "t", key, 1, new byte[1], 0, NOW, NOW);
    }
}
