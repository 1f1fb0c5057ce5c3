package dev.jubilee.events.tck;

import static dev.jubilee.events.tck.SampleEvents.event;
import static dev.jubilee.events.tck.SampleEvents.events;
import static dev.jubilee.events.tck.SampleEvents.ids;
import static dev.jubilee.events.tck.SampleEvents.readAll;
import static dev.jubilee.events.tck.SampleEvents.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.AppendResult.Appended;
import dev.jubilee.events.store.AppendResult.Conflict;
import dev.jubilee.events.store.AppendResult.Duplicate;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.EventStoreUnavailable;
import dev.jubilee.events.store.StoredEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What many who use an {@link EventStore} at once may expect, from several programs too. */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class EventStoreConcurrencyContract {
    private static final int WRITERS = 8;

    private EventStoreFixture fixture;
    private EventStore store;
    private EventStore second;

    /** A fixture with an empty log. */
    protected abstract EventStoreFixture fixture();

    @BeforeEach
    final void openStores() {
        fixture = fixture();
        store = fixture.open();
        second = fixture.open();
    }

    @AfterEach
    final void closeStores() {
        store.close();
        second.close();
    }

    @Test
    void ofThoseWhoExpectTheSameVersionOneIsAppended() throws Exception {
        int rounds = 100;
        AtomicInteger[] winners = new AtomicInteger[rounds];
        java.util.Arrays.setAll(winners, round -> new AtomicInteger());
        Threads.together(
                WRITERS,
                thread -> {
                    EventStore mine = thread % 2 == 0 ? store : second;
                    for (int round = 0; round < rounds; round++) {
                        AppendResult result = save(mine, "s", round, thread + "-" + round);
                        if (result instanceof Appended) {
                            winners[round].incrementAndGet();
                        } else {
                            assertThat(result).isInstanceOf(Conflict.class);
                        }
                    }
                });
        for (AtomicInteger winner : winners) {
            assertThat(winner).hasValue(1);
        }
        assertThat(store.getEvents("s", 0))
                .hasSize(rounds)
                .extracting(StoredEvent::version)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    @Test
    void nobodysUpdateIsLost() throws Exception {
        int each = 50;
        Threads.together(
                WRITERS,
                thread -> {
                    EventStore mine = thread % 2 == 0 ? store : second;
                    for (int i = 0; i < each; i++) {
                        String id = thread + "-" + i;
                        long version = 0;
                        while (save(mine, "s", version, id) instanceof Conflict(long actual)) {
                            version = actual;
                        }
                    }
                });
        assertThat(ids(readAll(store, 0))).hasSize(WRITERS * each).doesNotHaveDuplicates();
    }

    @Test
    void aRetryBesideItsFirstTryIsDoneOnce() throws Exception {
        int rounds = 100;
        AtomicInteger appended = new AtomicInteger();
        Threads.together(
                4,
                thread -> {
                    EventStore mine = thread % 2 == 0 ? store : second;
                    for (int round = 0; round < rounds; round++) {
                        AppendResult result = save(mine, "s" + round, 0, "a" + round, "b" + round);
                        assertThat(result).isInstanceOfAny(Appended.class, Duplicate.class);
                        appended.addAndGet(result instanceof Appended ? 1 : 0);
                    }
                });
        assertThat(appended).hasValue(rounds);
        assertThat(readAll(store, 0)).hasSize(2 * rounds);
    }

    @Test
    void aReaderSkipsNothingThatIsCommittedLate() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch let = new CountDownLatch(1);
        Runnable pause =
                () -> {
                    reached.countDown();
                    await(let);
                };
        try (EventStore slow = fixture.openPausing(pause)) {
            CompletableFuture<AppendResult> late = slow.saveEventsAsync("late", events("late"), 0);
            await(reached);
            CompletableFuture<AppendResult> quick = second.saveEventsAsync("q", events("quick"), 0);
            letItFinishIfItCan(quick);

            List<StoredEvent> seen = new ArrayList<>(readAll(store, 0));
            long remembered = seen.isEmpty() ? 0 : seen.getLast().position();
            let.countDown();
            late.get(2, TimeUnit.MINUTES);
            quick.get(2, TimeUnit.MINUTES);
            seen.addAll(readAll(store, remembered));

            assertThat(ids(seen)).containsExactlyInAnyOrder("late", "quick");
        }
    }

    @Test
    void aReaderWhoFollowsSeesEverythingOnceAndEachStreamInOrder() throws Exception {
        int each = 150;
        AtomicInteger done = new AtomicInteger();
        List<StoredEvent> seen = new ArrayList<>();
        Threads.together(
                WRITERS + 1,
                thread -> {
                    if (thread == WRITERS) {
                        follow(done, seen);
                        return;
                    }
                    EventStore mine = thread % 2 == 0 ? store : second;
                    Map<String, Long> versions = new HashMap<>();
                    for (int i = 0; i < each; i++) {
                        String stream = "s" + (thread + i) % 5;
                        String id = thread + "-" + i;
                        AppendResult result =
                                save(mine, stream, versions.getOrDefault(stream, 0L), id, id + "b");
                        while (result instanceof Conflict(long actual)) {
                            result = save(mine, stream, actual, id, id + "b");
                        }
                        versions.put(stream, ((Appended) result).version());
                    }
                    done.incrementAndGet();
                });
        assertThat(ids(seen)).hasSize(WRITERS * each * 2).doesNotHaveDuplicates();
        Map<String, Long> last = new HashMap<>();
        for (StoredEvent event : seen) {
            assertThat(event.version()).isEqualTo(last.getOrDefault(event.stream(), 0L) + 1);
            last.put(event.stream(), event.version());
        }
    }

    @Test
    void whatWasSavedOutlivesACrash() throws Exception {
        save(store, "s", 0, "a", "b");
        long position = store.lastPosition();
        fixture.restart();

        assertThat(ids(untilItAnswers(() -> store.getEvents("s", 0)))).containsExactly("a", "b");
        assertThat(untilItAnswers(() -> save(store, "s", 0, "a", "b")))
                .isEqualTo(new Duplicate(2, position));
        AppendResult next = untilItAnswers(() -> save(second, "s", 2, "c"));
        assertThat(next).isInstanceOf(Appended.class);
        assertThat(((Appended) next).position()).isGreaterThan(position);
    }

    @Test
    void aCrashWhileManyAppendLosesNothingThatWasAcknowledged() throws Exception {
        List<String> acknowledged = java.util.Collections.synchronizedList(new ArrayList<>());
        Threads.together(
                5,
                thread -> {
                    if (thread == 0) {
                        while (acknowledged.size() < 100) {
                            Thread.onSpinWait();
                        }
                        fixture.restart();
                        return;
                    }
                    for (int i = 0; i < 200; i++) {
                        String id = thread + "-" + i;
                        long version = i;
                        AppendResult result =
                                untilItAnswers(() ->
                                        store.saveEvents(
                                                "s" + thread, List.of(event(id)), version));
                        assertThat(result).isInstanceOfAny(Appended.class, Duplicate.class);
                        acknowledged.add(id);
                    }
                });
        assertThat(ids(readAll(store, 0))).containsExactlyInAnyOrderElementsOf(acknowledged);
    }

    private void follow(AtomicInteger done, List<StoredEvent> seen) {
        long position = 0;
        while (true) {
            boolean last = done.get() == WRITERS;
            List<StoredEvent> next = readAll(store, position);
            seen.addAll(next);
            position = next.isEmpty() ? position : next.getLast().position();
            if (last) {
                return;
            }
        }
    }

    /** A store may make it wait, or let it through: either is right. */
    private static void letItFinishIfItCan(CompletableFuture<AppendResult> append)
            throws Exception {
        try {
            append.get(500, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // It waits.
        }
    }

    /** As a careful client does it: what is not answered is asked again, unchanged. */
    private static <T> T untilItAnswers(java.util.function.Supplier<T> question) {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (true) {
            try {
                return question.get();
            } catch (EventStoreUnavailable e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
                Thread.onSpinWait();
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(2, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
