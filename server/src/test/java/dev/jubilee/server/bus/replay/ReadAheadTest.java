package dev.jubilee.server.bus.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.replay.Replays.Replayed;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ReadAheadTest {

    /** Pieces of so many events each; a position tells of the piece and of what of it is done. */
    private static class Pieces implements ReplaySource {
        private final List<Integer> sizes;
        final AtomicInteger reads = new AtomicInteger();
        final AtomicBoolean closed = new AtomicBoolean();

        Pieces(Integer... sizes) {
            this.sizes = List.of(sizes);
        }

        @Override
        public Piece read(int limit) {
            int piece = reads.getAndIncrement();
            return new Piece(
                    IntStream.range(0, sizes.get(piece)).mapToObj(i -> event()).toList(),
                    piece == sizes.size() - 1);
        }

        @Override
        public Position after(int done) {
            return position(reads.get(), done);
        }

        @Override
        public void close() {
            closed.set(true);
        }
    }

    private static Replayed event() {
        return new Replayed("topic", Envelope.of("id", "type", "source", Instant.EPOCH).build());
    }

    private static ReplaySource.Position position(int piece, int done) {
        return new ReplaySource.Position(new UUID(piece, done), null);
    }

    @Test
    void eachPartComesWithThePositionOfItsOwnPieceAlthoughTheNextOneIsRead() throws Exception {
        CountDownLatch secondWasRead = new CountDownLatch(1);
        Pieces pieces =
                new Pieces(5, 2) {
                    @Override
                    public Position after(int done) {
                        if (reads.get() == 2) {
                            secondWasRead.countDown();
                        }
                        return super.after(done);
                    }
                };
        try (ReadAhead ahead = new ReadAhead(pieces, 2)) {
            ReadAhead.Piece first = ahead.next();
            secondWasRead.await();

            assertThat(first.parts())
                    .extracting(part -> part.events().size())
                    .containsExactly(2, 2, 1);
            assertThat(first.parts())
                    .extracting(ReadAhead.Part::then)
                    .containsExactly(position(1, 2), position(1, 4), position(1, 5));
            assertThat(first.last()).isFalse();
            ReadAhead.Piece second = ahead.next();
            assertThat(second.parts())
                    .extracting(ReadAhead.Part::then)
                    .containsExactly(position(2, 2));
            assertThat(second.last()).isTrue();
        }
        assertThat(pieces.closed).isTrue();
    }

    @Test
    void aPieceWithoutEventsStillTellsHowFarItWent() throws Exception {
        try (ReadAhead ahead = new ReadAhead(new Pieces(0), 10)) {
            assertThat(ahead.next().parts())
                    .containsExactly(new ReadAhead.Part(List.of(), position(1, 0)));
        }
    }

    @Test
    void whatEndsTheReadingIsThrownAfterWhatWasReadBefore() throws Exception {
        OffsetOutOfRangeException gone = new OffsetOutOfRangeException(Map.of());
        Pieces pieces =
                new Pieces(1, 1) {
                    @Override
                    public Piece read(int limit) {
                        if (reads.get() == 1) {
                            throw gone;
                        }
                        return super.read(limit);
                    }
                };
        try (ReadAhead ahead = new ReadAhead(pieces, 10)) {
            assertThat(ahead.next().parts()).hasSize(1);
            assertThatThrownBy(ahead::next).isSameAs(gone);
        }
        assertThat(pieces.closed).isTrue();
    }

    @Test
    void nothingIsReadBeforeItIsAskedFor() {
        Pieces pieces = new Pieces(1);
        new ReadAhead(pieces, 10).close();

        assertThat(pieces.reads).hasValue(0);
        assertThat(pieces.closed).isTrue();
    }

    @Test
    void theSourceIsClosedOnlyWhenNothingIsBeingRead() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicBoolean closedMeanwhile = new AtomicBoolean();
        Pieces pieces =
                new Pieces(1, 1) {
                    @Override
                    public Piece read(int limit) {
                        if (reads.get() == 1) {
                            reading.countDown();
                            awaitUninterruptibly(goOn);
                            closedMeanwhile.set(closed.get());
                        }
                        return super.read(limit);
                    }
                };
        ReadAhead ahead = new ReadAhead(pieces, 10);
        assertThat(ahead.next().last()).isFalse();
        reading.await();
        Thread closer = Thread.ofPlatform().start(ahead::close);
        while (closer.isAlive() && closer.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        goOn.countDown();
        closer.join();

        assertThat(closedMeanwhile).isFalse();
        assertThat(pieces.closed).isTrue();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nothing interrupts a reading", e);
        }
    }
}
