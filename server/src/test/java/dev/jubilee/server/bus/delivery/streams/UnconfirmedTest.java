package dev.jubilee.server.bus.delivery.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.leases.Lease;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class UnconfirmedTest {
    private static final Instant END = Instant.parse("2026-11-21T12:00:30Z");

    private final Unconfirmed stream = new Unconfirmed(-1);

    @Test
    void whoComesBackHasWhatWasSentUpToTheLastThatItNamesWhateverTheIds() {
        send(1, 5, 2, 9);
        send(2, 4, 7);
        stream.sending(leases(6, 1));

        assertThat(stream.returned(4)).containsExactly(5L, 2L, 9L, 4L);
        assertThat(stream.returned(6)).containsExactly(5L, 2L, 9L, 4L, 7L, 6L);
        assertThat(stream.returned(3)).as("it came by another stream").isEmpty();
    }

    @Test
    void whatTheConnectionHasOutlivedSettlesUnlessTheClientIsBackOnAnother() {
        send(10, 3, 1);
        send(20, 2);
        assertThat(stream.settled(15)).containsExactly(3L, 1L);
        assertThat(stream.settled(15)).as("until it is written").containsExactly(3L, 1L);

        stream.confirmed(15);
        assertThat(stream.settled(25)).containsExactly(2L);

        stream.returned(3);
        assertThat(stream.settled(25)).isEmpty();
        assertThat(stream.rest()).containsExactlyElementsOf(leases(2));
    }

    @Test
    void ofWhatWasSentTwiceTheFirstCounts() {
        send(1, 1, 2);
        stream.sending(List.of(new Lease(3, END), new Lease(1, END.plusSeconds(30))));

        assertThat(stream.returned(1)).containsExactly(1L);
        assertThat(stream.rest())
                .containsExactly(
                        new Lease(1, END.plusSeconds(30)), new Lease(2, END), new Lease(3, END));
    }

    @Test
    void aStreamIsToldThatItHasToEnd() {
        AtomicInteger told = new AtomicInteger();
        stream.atEnd(told::incrementAndGet);
        assertThat(stream.hasEnded()).isFalse();

        stream.end();

        assertThat(told).hasValue(1);
        assertThat(stream.hasEnded()).isTrue();
    }

    private void send(long at, long... ids) {
        stream.sending(leases(ids));
        stream.sent(at);
    }

    private static List<Lease> leases(long... ids) {
        return LongStream.of(ids).mapToObj(id -> new Lease(id, END)).toList();
    }
}
