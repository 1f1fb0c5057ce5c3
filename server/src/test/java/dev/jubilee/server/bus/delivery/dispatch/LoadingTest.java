package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.TestSubscriptions;
import dev.jubilee.server.bus.delivery.attempts.AttemptPartitions;
import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.attempts.Recorder;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.Loads;
import dev.jubilee.server.bus.delivery.pending.Plan;
import dev.jubilee.server.bus.delivery.routing.Outlets;
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

class LoadingTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final UUID ID = UUID.randomUUID();

    private final Outlet outlet = OutletTest.outlet(TestSubscriptions.batching(0));
    private final Queue<Loads.Wanted> asked = new ArrayDeque<>();
    private final Queue<CompletableFuture<Loads.Loaded>> answers = new ArrayDeque<>();
    private final Loading loading =
            new Loading(
                    (subscription, wanted) -> {
                        asked.add(wanted);
                        CompletableFuture<Loads.Loaded> answer = new CompletableFuture<>();
                        answers.add(answer);
                        return answer;
                    },
                    InstantSource.fixed(NOW),
                    Runnable::run,
                    changed -> {});

    @Test
    void whatWasFoundIsLoadedPageByPage() {
        begin();
        answer(Plan.of(new long[] {2, 3}, List.of()), 1);
        begin();

        assertThat(asked.remove().plan().isEmpty()).isTrue();
        assertThat(asked.remove().plan().next(10, outlet.window.loaded())).containsExactly(2L, 3L);
    }

    /** It waits behind what the key is owed from before, which nobody has looked for yet. */
    @Test
    void whatWasFoundWhileAKeyWasParkedIsNotLoadedOnceItIsLetGo() {
        begin();
        answer(Plan.of(new long[] {2, 3}, List.of()), 1);
        begin();
        letAKeyGo();

        answer(Plan.of(new long[] {3}, List.of()), 2);

        assertThat(outlet.window.loaded()).containsExactly(1L);
        assertThat(outlet.plan.isEmpty()).isTrue();
        assertThat(outlet.window.isBehind()).as("it is looked for again").isTrue();
    }

    @Test
    void whatIsParkedWhileSomebodyLooksIsNotToWaitAsLongAsWhatWasFound() {
        begin();
        parked(outlet, NOW.plusSeconds(10));

        nothingUntil(NOW.plusSeconds(60));

        assertThat(outlet.loadAt).isEqualTo(NOW.plusSeconds(10));
    }

    @Test
    void norIsWhatIsParkedAfterwards() {
        begin();
        nothingUntil(NOW.plusSeconds(60));
        ParkedKeys.Parked one = parking(outlet, NOW.plusSeconds(10));

        parking().written(outlet, Map.of(9L, one));

        assertThat(outlet.loadAt).isEqualTo(NOW.plusSeconds(10));
    }

    private void nothingUntil(Instant next) {
        answers.remove().complete(new Loads.Loaded(List.of(), false, List.of(), Plan.NONE, next));
    }

    private static void parked(Outlet outlet, Instant due) {
        outlet.parked.written(parking(outlet, due), 9);
    }

    private static ParkedKeys.Parked parking(Outlet outlet, Instant due) {
        Delivery one = delivery(9, null);
        outlet.parked.park(one, false, due);
        return outlet.parked.puttingBack(one, 0);
    }

    private void begin() {
        loading.loadIfDue(outlet, NOW);
    }

    private void answer(Plan rest, long id) {
        answers.remove()
                .complete(
                        new Loads.Loaded(List.of(), false, List.of(delivery(id, null)), rest, NOW));
    }

    private void letAKeyGo() {
        outlet.parked.park(delivery(9, "k"), true, NOW);
        outlet.parked.gone(9);
        parking().look(outlet, NOW);
        assertThat(outlet.parked.isParked("k")).isFalse();
    }

    private static Parking parking() {
        Database nowhere = new Database(new PGSimpleDataSource());
        var outlets =
                new Outlets(
                        new SubscriptionDirectory(
                                nowhere, new ChangeFeed(new PGSimpleDataSource())),
                        new Ownership(),
                        new OpenStreams(StreamMemory.ofHeap()),
                        new DeliveryMemory(1 << 20));
        var recorder =
                new Recorder(nowhere, new AttemptStore(new AttemptPartitions(nowhere)), one -> {});
        return new Parking(recorder, outlets, Runnable::run, changed -> {});
    }

    private static Delivery delivery(long id, @Nullable String key) {
        return new Delivery(ID, id, "e" + id, "game.kill", "t", key, 1, new byte[1], 0, NOW, NOW);
    }
}
