package dev.jubilee.events.tck;

import static dev.jubilee.events.tck.SampleEvents.ids;
import static dev.jubilee.events.tck.SampleEvents.many;
import static dev.jubilee.events.tck.SampleEvents.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.store.BatchHandler;
import dev.jubilee.events.store.CatchUpSubscription;
import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.SubscriptionListener;
import dev.jubilee.events.store.SubscriptionSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a {@link CatchUpSubscription} makes of a store and its checkpoints. */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class SubscriptionContract {
    private static final Duration PATIENCE = Await.PATIENCE;

    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());
    private final BatchHandler noting = (events, lease) -> handled.addAll(ids(events));
    private EventStore store;
    private Checkpoints checkpoints;

    /** A fixture with an empty log and no checkpoints. */
    protected abstract EventStoreFixture fixture();

    @BeforeEach
    final void connect() {
        EventStoreFixture fixture = fixture();
        store = fixture.open();
        checkpoints = fixture.checkpoints();
    }

    @AfterEach
    final void disconnect() {
        store.close();
    }

    @Test
    void everythingIsHandledInOrderFromTheStartOn() throws Exception {
        store.saveEvents("s", many("e", 20), 0);
        try (CatchUpSubscription subscription = subscribe("a", noting)) {
            await(subscription);
            store.saveEvents("s", many("f", 5), 20);
            subscription.wake();
            await(subscription);
        }
        assertThat(handled).hasSize(25).startsWith("e1", "e2").endsWith("f4", "f5");
        assertThat(checkpoints.position("p")).hasValue(store.lastPosition());
    }

    @Test
    void itGoesOnWhereItWas() throws Exception {
        store.saveEvents("s", many("e", 20), 0);
        try (CatchUpSubscription first = subscribe("a", noting)) {
            await(first);
        }
        save(store, "s", 20, "next");
        try (CatchUpSubscription second = subscribe("b", noting)) {
            await(second);
        }
        assertThat(handled).hasSize(21).doesNotHaveDuplicates().endsWith("next");
    }

    @Test
    void aBatchThatFailsComesAgainAndNothingIsSkipped() throws Exception {
        store.saveEvents("s", many("e", 12), 0);
        AtomicInteger tries = new AtomicInteger();
        BatchHandler failing =
                (events, lease) -> {
                    if (ids(events).contains("e7")) {
                        switch (tries.incrementAndGet()) {
                            case 1 -> throw new IllegalStateException("not yet");
                            case 2 -> throw new AssertionError("nor now");
                            default -> {}
                        }
                    }
                    noting.handle(events, lease);
                };
        try (CatchUpSubscription subscription = subscribe("a", failing)) {
            await(subscription);
        }
        assertThat(tries).hasValue(3);
        assertThat(handled).isEqualTo(ids(store.getEvents("s", 0)));
    }

    @Test
    void aListenerThatThrowsChangesNothing() throws Exception {
        store.saveEvents("s", many("e", 12), 0);
        AtomicInteger tries = new AtomicInteger();
        BatchHandler failingFirst =
                (events, lease) -> {
                    if (tries.incrementAndGet() == 1) {
                        throw new IllegalStateException("not yet");
                    }
                    noting.handle(events, lease);
                };
        try (CatchUpSubscription subscription =
                subscribe("a", failingFirst, new ThrowingListener())) {
            await(subscription);
        }
        assertThat(handled).isEqualTo(ids(store.getEvents("s", 0)));
    }

    private static final class ThrowingListener implements SubscriptionListener {
        @Override
        public void acquired(Checkpoints.Lease lease) {
            throw new IllegalStateException("acquired");
        }

        @Override
        public void handled(int events, long position) {
            throw new NoClassDefFoundError("handled");
        }

        @Override
        public void failed(Exception cause) {
            throw new NoClassDefFoundError("failed");
        }
    }

    @Test
    void aHandlerThatLeavesItsThreadInterruptedEndsNothing() throws Exception {
        store.saveEvents("s", many("e", 12), 0);
        AtomicInteger tries = new AtomicInteger();
        BatchHandler interrupting =
                (events, lease) -> {
                    Thread.currentThread().interrupt();
                    if (tries.incrementAndGet() == 1) {
                        throw new IllegalStateException("not yet");
                    }
                    noting.handle(events, lease);
                };
        try (CatchUpSubscription subscription = subscribe("a", interrupting)) {
            await(subscription);
            save(store, "s", 12, "next");
            await(subscription);
        }
        assertThat(handled).isEqualTo(ids(store.getEvents("s", 0)));
    }

    @Test
    void whoeverInterruptsItsThreadWhileItWaitsEndsNothing() throws Exception {
        save(store, "s", 0, "first");
        CompletableFuture<Thread> worker = new CompletableFuture<>();
        BatchHandler telling =
                (events, lease) -> {
                    worker.complete(Thread.currentThread());
                    noting.handle(events, lease);
                };
        try (CatchUpSubscription subscription = subscribe("a", telling)) {
            await(subscription);
            Thread thread = worker.get(2, TimeUnit.MINUTES);
            Await.until("it waits", () -> thread.getState() == Thread.State.TIMED_WAITING);
            thread.interrupt();
            save(store, "s", 1, "next");
            await(subscription);
        }
        assertThat(handled).containsExactly("first", "next");
    }

    @Test
    void aHandlerMayEndItsOwnSubscription() throws Exception {
        store.saveEvents("s", many("e", 12), 0);
        CompletableFuture<CatchUpSubscription> started = new CompletableFuture<>();
        CountDownLatch ended = new CountDownLatch(1);
        BatchHandler ending =
                (events, lease) -> {
                    noting.handle(events, lease);
                    started.get(2, TimeUnit.MINUTES).close();
                    ended.countDown();
                };
        CatchUpSubscription subscription = subscribe("a", ending);
        started.complete(subscription);

        assertThat(ended.await(2, TimeUnit.MINUTES)).isTrue();
        subscription.close();
        assertThat(handled).containsExactly("e1", "e2", "e3");
    }

    @Test
    void anOwnerThatStallsIsReplacedAndMovesNothingAnyMore() throws Exception {
        store.saveEvents("s", many("e", 5), 0);
        CountDownLatch stalled = new CountDownLatch(1);
        CountDownLatch resume = new CountDownLatch(1);
        CountDownLatch fenced = new CountDownLatch(1);
        AtomicInteger batches = new AtomicInteger();
        BatchHandler stalling =
                (events, lease) -> {
                    batches.incrementAndGet();
                    stalled.countDown();
                    resume.await();
                };
        SubscriptionListener watching =
                new SubscriptionListener() {
                    @Override
                    public void fenced(Checkpoints.Lease lease) {
                        fenced.countDown();
                    }
                };
        SubscriptionSettings brief =
                SubscriptionSettings.of("p", "a").withLease(Duration.ofMillis(200));
        try (CatchUpSubscription zombie =
                CatchUpSubscription.start(
                        store, checkpoints, brief.withBatchSize(2), stalling, watching)) {
            assertThat(stalled.await(2, TimeUnit.MINUTES)).isTrue();
            try (CatchUpSubscription next =
                    subscribe("b", noting, SubscriptionListener.NONE, Duration.ofMinutes(1))) {
                await(next);
                resume.countDown();
                assertThat(fenced.await(2, TimeUnit.MINUTES)).isTrue();
                assertThat(checkpoints.position("p")).hasValue(store.lastPosition());
                assertThat(zombie.awaitPosition(1, Duration.ofMillis(1))).isFalse();
            }
        }
        assertThat(handled).isEqualTo(ids(store.getEvents("s", 0)));
        assertThat(batches).hasValue(1);
    }

    private CatchUpSubscription subscribe(String owner, BatchHandler handler) {
        return subscribe(owner, handler, SubscriptionListener.NONE);
    }

    private CatchUpSubscription subscribe(
            String owner, BatchHandler handler, SubscriptionListener listener) {
        return subscribe(owner, handler, listener, Duration.ofSeconds(2));
    }

    private CatchUpSubscription subscribe(
            String owner, BatchHandler handler, SubscriptionListener listener, Duration lease) {
        SubscriptionSettings settings =
                SubscriptionSettings.of("p", owner)
                        .withBatchSize(3)
                        .withPoll(Duration.ofMillis(20))
                        .withLease(lease);
        return CatchUpSubscription.start(store, checkpoints, settings, handler, listener);
    }

    private void await(CatchUpSubscription subscription) throws InterruptedException {
        assertThat(subscription.awaitPosition(store.lastPosition(), PATIENCE)).isTrue();
    }
}
