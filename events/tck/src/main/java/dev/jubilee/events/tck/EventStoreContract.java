package dev.jubilee.events.tck;

import static dev.jubilee.events.tck.SampleEvents.event;
import static dev.jubilee.events.tck.SampleEvents.events;
import static dev.jubilee.events.tck.SampleEvents.ids;
import static dev.jubilee.events.tck.SampleEvents.many;
import static dev.jubilee.events.tck.SampleEvents.readAll;
import static dev.jubilee.events.tck.SampleEvents.save;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.AppendResult.Appended;
import dev.jubilee.events.store.AppendResult.Conflict;
import dev.jubilee.events.store.AppendResult.Duplicate;
import dev.jubilee.events.store.AppendResult.StreamDeleted;
import dev.jubilee.events.store.DeleteResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.EventStoreUnavailable;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What one user at a time may expect of an {@link EventStore}. */
@SuppressWarnings({"NullAway.Init", "JUnitMethodInvoked"}) // made anew before each test
public abstract class EventStoreContract {
    private EventStoreFixture fixture;
    private EventStore store;

    /** A fixture with an empty log. */
    protected abstract EventStoreFixture fixture();

    @BeforeEach
    final void openStore() {
        fixture = fixture();
        store = fixture.open();
    }

    @AfterEach
    final void closeStore() {
        store.close();
    }

    @Test
    void whatIsSavedIsReadAsItWas() {
        Envelope unusual = SampleEvents.unusual();
        AppendResult result = store.saveEvents("s", List.of(event("a"), unusual), 0);

        assertThat(result).isInstanceOf(Appended.class);
        long last = ((Appended) result).position();
        assertThat(result).isEqualTo(new Appended(2, last));
        assertThat(store.lastPosition()).isEqualTo(last);
        StoredEvent second = store.getEvents("s", 0).getLast();
        assertThat(second).isEqualTo(new StoredEvent("s", 2, last, unusual));
        assertThat(store.getAllEvents(0, 10)).isEqualTo(store.getEvents("s", 0));
    }

    @Test
    void aStreamIsReadFromAVersionOnAndInPages() {
        store.saveEvents("s", many("e", 10), 0);
        store.saveEvents("s", many("f", 2), 10);

        assertThat(ids(store.getEvents("s", 0))).hasSize(12).startsWith("e1", "e2");
        assertThat(ids(store.getEvents("s", 1))).hasSize(12);
        assertThat(ids(store.getEvents("s", 10))).containsExactly("e10", "f1", "f2");
        assertThat(ids(store.getEvents("s", 3, 2))).containsExactly("e3", "e4");
        assertThat(store.getEvents("s", 13)).isEmpty();
        assertThat(store.getEvents("other", 0)).isEmpty();
    }

    @Test
    void whoSaysNoBoundsReadsAStreamWholeAndTheFirstHundredOfAll() {
        store.saveEvents("s", many("e", 130), 0);

        assertThat(store.getEvents("s")).isEqualTo(store.getEvents("s", 1)).hasSize(130);
        assertThat(store.getAllEvents()).isEqualTo(store.getAllEvents(0, 100)).hasSize(100);
        long last = store.getAllEvents().getLast().position();
        assertThat(store.getAllEvents(last)).isEqualTo(store.getAllEvents(last, 100)).hasSize(30);
    }

    @Test
    void allEventsAreReadInTheOrderInWhichTheyWereSaved() {
        save(store, "b", 0, "1");
        save(store, "a", 0, "2", "3");
        save(store, "b", 1, "4");

        List<StoredEvent> all = readAll(store, 0);
        assertThat(ids(all)).containsExactly("1", "2", "3", "4");
        assertThat(all).extracting(StoredEvent::version).containsExactly(1L, 1L, 2L, 2L);
        assertThat(all).extracting(StoredEvent::position).isSorted().doesNotHaveDuplicates();
        assertThat(ids(store.getAllEvents(all.get(1).position(), 1))).containsExactly("3");
        assertThat(store.getAllEvents(store.lastPosition(), 10)).isEmpty();
    }

    @Test
    void whoExpectsAnotherVersionIsToldTheActualOne() {
        assertThat(save(store, "s", 1, "x")).isEqualTo(new Conflict(0));
        save(store, "s", 0, "a", "b");

        assertThat(save(store, "s", 0, "x")).isEqualTo(new Conflict(2));
        assertThat(save(store, "s", 1, "x")).isEqualTo(new Conflict(2));
        assertThat(save(store, "s", 3, "x")).isEqualTo(new Conflict(2));
        assertThat(ids(readAll(store, 0))).containsExactly("a", "b");
    }

    @Test
    void whatIsSavedAgainIsThereOnce() {
        Appended first = (Appended) save(store, "s", 0, "a", "b");
        Appended second = (Appended) save(store, "s", 2, "c");

        assertThat(save(store, "s", 0, "a", "b")).isEqualTo(new Duplicate(2, first.position()));
        assertThat(save(store, "s", 2, "c")).isEqualTo(new Duplicate(3, second.position()));
        assertThat(ids(readAll(store, 0))).containsExactly("a", "b", "c");
    }

    @Test
    void whatOnlyResemblesAnEarlierAppendIsAConflict() {
        save(store, "s", 0, "a", "b");

        assertThat(save(store, "s", 0, "a", "x")).isEqualTo(new Conflict(2));
        assertThat(save(store, "s", 0, "b", "a")).isEqualTo(new Conflict(2));
        assertThat(save(store, "s", 1, "a")).isEqualTo(new Conflict(2));
        assertThat(save(store, "s", 1, "b", "c")).isEqualTo(new Conflict(2));
        assertThat(ids(readAll(store, 0))).containsExactly("a", "b");
    }

    @Test
    void appendsUnderWayTogetherAreEachAnsweredOnTheirOwn() {
        save(store, "taken", 0, "t");
        List<CompletableFuture<AppendResult>> results = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            results.add(store.saveEventsAsync("s" + i % 40, events("e" + i), i / 40));
            results.add(store.saveEventsAsync("taken", events("x" + i), 0));
            results.add(store.saveEventsAsync("s" + i % 40, events("e" + i), i / 40));
        }
        for (int i = 0; i < 100; i++) {
            Appended appended = (Appended) results.get(3 * i).join();
            assertThat(appended.version()).isEqualTo(i / 40 + 1);
            assertThat(results.get(3 * i + 1).join()).isEqualTo(new Conflict(1));
            assertThat(results.get(3 * i + 2).join())
                    .isEqualTo(new Duplicate(appended.version(), appended.position()));
            StoredEvent stored = store.getAllEvents(appended.position() - 1, 1).getFirst();
            assertThat(stored.event().id()).isEqualTo("e" + i);
        }
        assertThat(readAll(store, 0)).hasSize(101);
    }

    @Test
    void aConflictTakesNothingFromWhatFollowsIt() {
        var lost = store.saveEventsAsync("s", events("x"), 7);
        var first = store.saveEventsAsync("s", events("a"), 0);
        var lostAgain = store.saveEventsAsync("s", events("y"), 0);
        var second = store.saveEventsAsync("s", events("b"), 1);

        assertThat(lost.join()).isInstanceOf(Conflict.class);
        assertThat(first.join()).isInstanceOf(Appended.class);
        assertThat(lostAgain.join()).isInstanceOf(Conflict.class);
        assertThat(second.join()).isInstanceOf(Appended.class);
        assertThat(ids(store.getEvents("s", 0))).containsExactly("a", "b");
    }

    @Test
    void aDeletedStreamIsGoneAndItsNameIsNotUsedAgain() {
        save(store, "s", 0, "a", "b");
        save(store, "other", 0, "c");
        store.saveSnapshot(snapshot("s", 2, "state"));

        assertThat(store.deleteStream("s", 1)).isEqualTo(new DeleteResult.Conflict(2));
        assertThat(ids(store.getEvents("s", 0))).containsExactly("a", "b");
        assertThat(store.deleteStream("s", 2)).isEqualTo(new DeleteResult.Deleted());

        assertThat(store.getEvents("s", 0)).isEmpty();
        assertThat(store.loadSnapshot("s")).isEmpty();
        assertThat(ids(readAll(store, 0))).containsExactly("c");
        assertThat(save(store, "s", 0, "d")).isEqualTo(new StreamDeleted());
        assertThat(save(store, "s", 2, "d")).isEqualTo(new StreamDeleted());
        assertThat(store.saveSnapshot(snapshot("s", 2, "late"))).isFalse();
        assertThat(store.deleteStream("s", 2)).isEqualTo(new DeleteResult.Deleted());
        assertThat(store.deleteStream("never", 0)).isEqualTo(new DeleteResult.NotFound());
        long before = store.lastPosition();
        assertThat(((Appended) save(store, "new", 0, "e")).position()).isGreaterThan(before);
    }

    @Test
    void theLatestSnapshotIsKept() {
        save(store, "s", 0, "a", "b", "c");
        assertThat(store.loadSnapshot("s")).isEmpty();

        assertThat(store.saveSnapshot(snapshot("s", 2, "two"))).isTrue();
        assertThat(store.saveSnapshot(snapshot("s", 1, "one"))).isFalse();
        assertThat(store.loadSnapshot("s")).contains(snapshot("s", 2, "two"));
        assertThat(store.saveSnapshot(snapshot("s", 3, "three"))).isTrue();
        assertThat(store.loadSnapshot("s")).contains(snapshot("s", 3, "three"));
    }

    @Test
    void aSnapshotOfWhatIsNotThereIsRefused() {
        save(store, "s", 0, "a");

        assertThat(store.saveSnapshot(snapshot("s", 2, "ahead"))).isFalse();
        assertThat(store.saveSnapshot(snapshot("other", 1, "nothing"))).isFalse();
        assertThat(store.loadSnapshot("s")).isEmpty();
    }

    @Test
    void whatCannotBeSavedIsRefusedAtOnce() {
        assertThatThrownBy(() -> save(store, "", 0, "a"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> save(store, "s".repeat(251), 0, "a"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> save(store, "s", -1, "a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was -1");
        assertThatThrownBy(() -> save(store, "s", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.saveEvents("s", many("e", 1001), 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(store.saveEvents("s".repeat(250), many("e", 1000), 0))
                .isInstanceOf(Appended.class);
    }

    @Test
    void aTimeOfAnyCenturyIsKept() {
        Instant early = Instant.parse("1900-01-01T00:00:00.000000001Z");
        Envelope event = Envelope.of("e", "t", "s", early).build();
        store.saveEvents("s", List.of(event), 0);

        assertThat(store.getEvents("s", 0).getFirst().event()).isEqualTo(event);
    }

    @Test
    void aClosedStoreRefuses() {
        EventStore other = fixture.open();
        other.close();

        assertThatThrownBy(() -> save(other, "s", 0, "a"))
                .isInstanceOf(EventStoreUnavailable.class);
        assertThat(store.getEvents("s", 0)).isEmpty();
    }

    private static Snapshot snapshot(String stream, long version, String state) {
        return new Snapshot(stream, version, "text/plain", state.getBytes(StandardCharsets.UTF_8));
    }
}
