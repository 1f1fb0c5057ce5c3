package dev.jubilee.server.bus.delivery.windows;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

class DeliveryMemoryTest {
    private static final int SIZE = 10_000;

    private final DeliveryMemory memory = new DeliveryMemory(SIZE);

    @Test
    void oneAloneLeavesMostToOthers() {
        assertThat(fill(memory.share(), 100)).isEqualTo(SIZE / 5);
    }

    @Test
    void allTogetherNeverTakeMoreThanThereIsAndWhoComesLaterFindsRoom() {
        for (int i = 0; i < 10; i++) {
            assertThat(fill(memory.share(), 10)).as("share %d", i).isGreaterThan(10);
        }
        assertThat(memory.taken()).isLessThanOrEqualTo(SIZE);
    }

    @Test
    void whoHoldsNothingGetsOneHoweverLargeAndHoweverFullItIs() {
        DeliveryMemory.Share share = memory.share();
        assertThat(share.take(3 * SIZE)).isTrue();
        assertThat(share.take(1)).isFalse();

        DeliveryMemory.Share other = memory.share();
        assertThat(other.takeMost()).isZero();
        assertThat(other.take(500)).isTrue();
        assertThat(other.take(500)).isFalse();
        assertThat(memory.taken()).isEqualTo(3 * SIZE + 500);
    }

    @Test
    void whatIsGivenBackIsFreeForOthers() {
        DeliveryMemory.Share share = memory.share();
        assertThat(share.takeMost()).isEqualTo(SIZE / 4);
        assertThat(share.isCrowded()).isTrue();

        share.giveBack(SIZE / 4);

        assertThat(share.isCrowded()).isFalse();
        assertThat(memory.taken()).isZero();
        assertThat(memory.share().takeMost()).isEqualTo(SIZE / 4);
    }

    @Test
    void oneThatIsClosedHoldsNothingAndGivesNothingBackTwice() {
        DeliveryMemory.Share share = memory.share();
        share.take(700);
        share.takeAnyway(100);

        share.close();
        share.giveBack(700);

        assertThat(memory.taken()).isZero();
        assertThat(share.take(1)).isFalse();
        assertThat(share.takeMost()).isZero();
    }

    @Test
    void whoeverTakesAndGivesBackAtTheSameTimeTheCountIsRight() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        CyclicBarrier start = new CyclicBarrier(4);
        DeliveryMemory.Share common = memory.share();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> takeAndGiveBack(common, start)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(memory.taken()).isZero();
        assertThat(common.takeMost()).isEqualTo(SIZE / 4);
    }

    private static void takeAndGiveBack(DeliveryMemory.Share share, CyclicBarrier start) {
        try {
            start.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        for (int i = 0; i < 500_000; i++) {
            if (share.take(3)) {
                share.giveBack(3);
            }
            share.giveBack(share.takeMost());
        }
    }

    private long fill(DeliveryMemory.Share share, int step) {
        long before = memory.taken();
        while (share.take(step)) {
            assertThat(memory.taken()).isLessThanOrEqualTo(SIZE);
        }
        return memory.taken() - before;
    }
}
