package dev.jubilee.server.bus.delivery.relays;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class RelayMemoryTest {
    private static final long SIZE = 20L << 20;

    private final RelayMemory memory = new RelayMemory(SIZE);

    @Test
    void howeverManyCatchUpAtOnceTheyHoldNoMoreThanThereIsAndAllComeToTheirTurn() {
        List<RelayMemory.Share> held = new ArrayList<>();
        List<CompletableFuture<RelayMemory.Share>> waiting = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            CompletableFuture<RelayMemory.Share> next =
                    CompletableFuture.supplyAsync(
                            this::share, task -> Thread.ofVirtual().start(task));
            waiting.add(next);
        }
        for (int i = 0; i < 100; i++) {
            Await.until(
                    "somebody has his turn",
                    () -> waiting.stream().anyMatch(CompletableFuture::isDone));
            assertThat(memory.taken()).isBetween(1L, SIZE);
            int turn = 0;
            while (!waiting.get(turn).isDone()) {
                turn++;
            }
            CompletableFuture<RelayMemory.Share> done = waiting.remove(turn);
            held.add(done.join());
            if (held.size() == 3) {
                held.removeFirst().close();
            }
        }
        held.forEach(RelayMemory.Share::close);
        assertThat(memory.taken()).isZero();
    }

    @Test
    void whoFoundLittleLeavesTheRestToOthersAndOneEventMayBeLargerThanAll() {
        try (RelayMemory.Share little = share();
                RelayMemory.Share large = share()) {
            long before = memory.taken();
            little.holds(1_000);
            assertThat(memory.taken()).isLessThan(before);
            large.holds(SIZE);
            assertThat(memory.taken()).isGreaterThan(SIZE);
        }
        assertThat(memory.taken()).isZero();
        try (RelayMemory.Share again = share()) {
            assertThat(again.bytes()).isPositive();
        }
    }

    private RelayMemory.Share share() {
        try {
            return memory.share();
        } catch (InterruptedException e) {
            throw new CompletionException(e);
        }
    }
}
