package dev.jubilee.server.bus.delivery.windows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class DeliveryWindowTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final int SIZE = 100_000;

    private final DeliveryMemory memory = new DeliveryMemory(SIZE);
    private final DeliveryWindow window = level(new DeliveryWindow(memory.share()));

    @Test
    void largeEventsFillItLongBeforeTheirNumberDoes() {
        int taken = 0;
        while (window.reserve(delivery(2_000))) {
            taken++;
        }
        assertThat(taken).isBetween(5, SIZE / 5 / 2_000);
        assertThat(window.used()).isEqualTo(taken);
        assertThat(memory.taken()).isLessThanOrEqualTo(SIZE / 5);
    }

    /** It waits in PostgreSQL from the commit on, and whoever reads it has it in memory again. */
    @Test
    void whatIsReadBetweenItsWriteAndTheWordOfItIsNotReadTwice() {
        window.leaves(1);
        window.loaded(List.of(delivery(100)), 1, 0);

        window.written(1);
        assertThat(window.loaded()).containsExactly(1L);

        window.written(1);
        assertThat(window.loaded()).isEmpty();
    }

    @Test
    void whatLeavesMakesRoom() {
        while (window.reserve(delivery(2_000))) {}
        int before = window.used();

        window.release(delivery(2_000));

        assertThat(window.used()).isEqualTo(before - 1);
        assertThat(window.reserve(delivery(2_000))).isTrue();
    }

    @Test
    void anEmptyOneHasRoomForOneEventHoweverFullAllOthersAre() {
        DeliveryWindow other = level(new DeliveryWindow(memory.share()));
        assertThat(other.reserve(delivery(2 * SIZE))).isTrue();

        assertThat(window.isCrowded()).isFalse();
        assertThat(window.reserve(delivery(10_000))).isTrue();
        assertThat(window.reserve(delivery(10_000))).isFalse();
        assertThat(window.isCrowded()).isTrue();
    }

    @Test
    void whatWasReservedToLoadIsMeasuredByWhatCame() {
        int places = window.reserveUpTo(10);
        long bytes = window.reserveBytes();
        assertThat(bytes).isEqualTo(SIZE / 8);

        List<Delivery> came = List.of(delivery(1_000), delivery(3_000));
        window.loaded(came, places, bytes);

        assertThat(window.used()).isEqualTo(2);
        assertThat(memory.taken()).isEqualTo(Delivery.bytes(came)).isGreaterThan(4_000);
    }

    @Test
    void whatIsRoutedWhileSomethingIsLoadedFindsRoomAsWell() {
        window.reserveBytes();

        assertThat(window.reserve(delivery(2_000))).isTrue();
    }

    @Test
    void whatOthersDeliverTakesNothingHere() {
        window.reserve(delivery(2_000));

        window.abandon();
        window.release(delivery(2_000));

        assertThat(memory.taken()).isZero();
    }

    /** What has a place in memory would go past what was left in PostgreSQL. */
    @Test
    void nothingFindsAPlaceWhileSomethingIsLeftBehind() throws Exception {
        long mark = window.mark();
        window.leftBehind();
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Boolean> placed =
                CompletableFuture.supplyAsync(() -> {
                    boolean any = false;
                    while (!over.get()) {
                        any |= window.reserve();
                    }
                    return any;
                });
        for (int i = 0; i < 2_000_000; i++) {
            window.caughtUp(mark);
        }
        over.set(true);

        assertThat(placed.get(2, TimeUnit.MINUTES)).isFalse();
    }

    private static DeliveryWindow level(DeliveryWindow window) {
        window.caughtUp(window.mark());
        return window;
    }

    private static Delivery delivery(int bytes) {
        return new Delivery(
                UUID.randomUUID(), 1, "e", "game.kill", "t", "k", 1, new byte[bytes], 0, NOW, NOW);
    }
}
