package dev.jubilee.server.bus.delivery.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpenStreamsTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private final UUID subscription = UUID.randomUUID();
    private static final int LARGE = 100_000;

    private final StreamMemory memory = new StreamMemory(1 << 20);
    private final OpenStreams streams = new OpenStreams(memory);
    private final List<UUID> handed = new ArrayList<>();
    private final List<Delivery> unread = new ArrayList<>();

    @BeforeEach
    void listen() {
        streams.tell(handed::add, unread::addAll);
    }

    @Test
    void nothingIsHandedOverWhileSomethingWaits() {
        StreamInbox inbox = streams.join(subscription, 0);
        assertThat(streams.reserve(delivery(9), 0)).as("nobody has looked yet").isNull();

        inbox.window.caughtUp(inbox.window.mark());
        assertThat(streams.reserve(delivery(9), 0)).isSameAs(inbox);

        long mark = inbox.window.mark();
        streams.leftBehind(subscription);
        assertThat(streams.reserve(delivery(9), 0)).isNull();
        inbox.window.caughtUp(mark);
        assertThat(streams.reserve(delivery(9), 0)).as("it came after the look").isNull();
    }

    @Test
    void streamsOfOneSubscriptionShareWhatComesInOrder() {
        StreamInbox inbox = level(streams.join(subscription, 0));
        assertThat(streams.join(subscription, 0)).isSameAs(inbox);

        streams.routed(rows(inbox, 1, 5));

        assertThat(handed).containsExactly(subscription);
        assertThat(inbox.poll(2)).extracting(Delivery::id).containsExactly(1L, 2L);
        assertThat(inbox.poll(200)).extracting(Delivery::id).containsExactly(3L, 4L, 5L);
    }

    @Test
    void noMoreIsHandedOverThanAWindowHolds() {
        StreamInbox inbox = level(streams.join(subscription, 0));
        List<OpenStreams.Handed> rows = rows(inbox, 1, DeliveryWindow.SIZE);
        assertThat(streams.reserve(delivery(9), 0)).isNull();

        streams.routed(rows);
        assertThat(streams.reserve(delivery(9), 0)).isNull();

        assertThat(inbox.poll(1)).hasSize(1);
        assertThat(streams.reserve(delivery(9), 0)).isSameAs(inbox);
    }

    @Test
    void aReaderThatIsSlowIsHandedNoMoreBytesThanAStreamTakesAtOnce() {
        StreamInbox inbox = level(streams.join(subscription, 0));
        Delivery large = delivery(subscription, 1, LARGE);
        int fitting = StreamMemory.MOST / LARGE;
        for (int i = 0; i < fitting; i++) {
            assertThat(streams.reserve(large, 0)).isSameAs(inbox);
        }
        assertThat(streams.reserve(large, 0)).isNull();
        assertThat(streams.reserve(delivery(2), 0)).as("a small one has room").isSameAs(inbox);

        inbox.unreserve(large);
        assertThat(streams.reserve(large, 0)).isSameAs(inbox);
    }

    @Test
    void allStreamsShareTheMemoryAndWhoTookItGivesItBack() {
        List<StreamInbox> filled = new ArrayList<>();
        UUID next = UUID.randomUUID();
        for (StreamInbox inbox = level(streams.join(next, 0));
                inbox.reserve(delivery(next, 1, LARGE));
                inbox = level(streams.join(next, 0))) {
            filled.add(inbox);
            streams.routed(List.of(new OpenStreams.Handed(inbox, delivery(next, 1, LARGE))));
            next = UUID.randomUUID();
        }
        assertThat(filled).as("each has room, all together have not").hasSize(5);

        List<Delivery> polled = filled.getFirst().poll(10);
        assertThat(streams.reserve(delivery(next, 2, LARGE), 0)).as("not sent yet").isNull();
        memory.giveBack(StreamMemory.cost(polled));
        assertThat(streams.reserve(delivery(next, 2, LARGE), 0)).isNotNull();
        filled.getLast().empty();
        assertThat(memory.taken()).isEqualTo(4 * StreamMemory.cost(LARGE));
    }

    @Test
    void whoDoesNotReadStopsNoSmallEventsOfOthers() {
        memory.takeAnyway(2 << 20);
        StreamInbox inbox = level(streams.join(subscription, 0));

        Delivery small = delivery(subscription, 1, StreamMemory.LEAST / 2);
        assertThat(streams.reserve(small, 0)).isSameAs(inbox);
        assertThat(streams.reserve(small, 0)).isSameAs(inbox);
        assertThat(streams.reserve(small, 0)).as("no more than a few").isNull();
        assertThat(memory.taken()).isEqualTo((2 << 20) + StreamMemory.cost(StreamMemory.LEAST));
    }

    @Test
    void whatIsRoutedToAStreamThatHasEndedHoldsNoMemory() {
        StreamInbox inbox = level(streams.join(subscription, 0));
        assertThat(inbox.reserve(delivery(subscription, 1, LARGE))).isTrue();
        streams.leave(subscription, inbox);

        streams.routed(List.of(new OpenStreams.Handed(inbox, delivery(subscription, 1, LARGE))));

        assertThat(unread).hasSize(1);
        assertThat(memory.taken()).isZero();
    }

    @Test
    void whatTheLastStreamLeavesUnreadIsTold() {
        StreamInbox inbox = level(streams.join(subscription, 0));
        streams.join(subscription, 0);
        streams.routed(rows(inbox, 1, 2));
        List<OpenStreams.Handed> onTheirWay = rows(inbox, 3, 4);

        streams.leave(subscription, inbox);
        assertThat(unread).as("one still reads").isEmpty();
        streams.leave(subscription, inbox);
        streams.routed(onTheirWay);

        assertThat(unread).extracting(Delivery::id).containsExactly(1L, 2L, 3L, 4L);
        assertThat(streams.reserve(delivery(9), 0)).isNull();
        assertThat(streams.join(subscription, 0)).isNotSameAs(inbox);
    }

    @Test
    void whatWasRoutedBeforeARewindIsNotForWhoeverReadsAfterIt() {
        StreamInbox before = level(streams.join(subscription, 0));
        assertThat(streams.reserve(delivery(9), 1)).isNull();

        StreamInbox after = level(streams.join(subscription, 1));
        streams.routed(rows(before, 1, 1));

        assertThat(after.poll(10)).isEmpty();
        assertThat(streams.reserve(delivery(9), 1)).isSameAs(after);
        assertThat(streams.reserve(delivery(9), 0)).isNull();
        streams.leave(subscription, before);
        assertThat(streams.reserve(delivery(9), 1)).as("it is still open").isSameAs(after);
    }

    @Test
    void aViewFromBeforeARewindTakesNoNewerInboxAway() {
        StreamInbox newer = level(streams.join(subscription, 1));

        assertThat(streams.join(subscription, 0)).isSameAs(newer);
        assertThat(streams.reserve(delivery(9), 1)).isSameAs(newer);
    }

    @Test
    void whoComesWhileTheLastLeavesGetsAnInboxOfItsOwn() {
        StreamInbox closing = level(streams.join(subscription, 0));
        // The last has left, and is about to say so.
        assertThat(closing.leave()).isTrue();

        StreamInbox next = streams.join(subscription, 0);

        assertThat(next).isNotSameAs(closing);
        assertThat(streams.reserve(delivery(9), 0)).as("nobody has looked yet").isNull();
        level(next);
        assertThat(streams.reserve(delivery(9), 0)).isSameAs(next);
    }

    private static StreamInbox level(StreamInbox inbox) {
        inbox.window.caughtUp(inbox.window.mark());
        return inbox;
    }

    private List<OpenStreams.Handed> rows(StreamInbox inbox, long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(id -> {
                    Delivery one = delivery(id);
                    assertThat(inbox.reserve(one)).isTrue();
                    return new OpenStreams.Handed(inbox, one);
                })
                .toList();
    }

    private Delivery delivery(long id) {
        return delivery(subscription, id, 0);
    }

    private static Delivery delivery(UUID subscription, long id, int bytes) {
        return new Delivery(
                subscription,
                id,
                "e" + id,
                "game.kill",
                "t",
                null,
                1,
                new byte[bytes],
                1,
                NOW,
                NOW);
    }
}
