package dev.jubilee.server.bus.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class InFlightEpochsTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final InFlightEpochs epochs = new InFlightEpochs();

    @Test
    void whoBeganEarlierIsWaitedForAndWhoBeganLaterIsNot() throws Exception {
        int earlier = epochs.begin();
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> await(LONG));
        Await.until("another epoch has begun", () -> isAnother(earlier));
        int later = epochs.begin();
        assertThat(waiting).isNotDone();

        epochs.end(earlier);

        assertThat(waiting.get(1, TimeUnit.MINUTES)).isTrue();
        epochs.end(later);
        assertThat(await(LONG)).isTrue();
    }

    private boolean isAnother(int epoch) {
        int begun = epochs.begin();
        epochs.end(begun);
        return begun != epoch;
    }

    @Test
    void oneThatNeverEndsIsGivenUp() {
        int stuck = epochs.begin();
        assertThat(await(Duration.ZERO)).isFalse();
        assertThat(await(LONG)).as("it is of the epoch before that").isTrue();
        epochs.end(stuck);
    }

    /** What is stamped is settled, or is stamped as of later. */
    @Test
    void nothingThatWasStampedBeforeTheMomentIsUnderWayAfterIt() throws Exception {
        AtomicLong now = new AtomicLong();
        AtomicLong settled = new AtomicLong();
        AtomicLong wrong = new AtomicLong();
        AtomicBoolean over = new AtomicBoolean();
        CyclicBarrier together = new CyclicBarrier(4);
        CountDownLatch ended = new CountDownLatch(3);
        for (int i = 0; i < 3; i++) {
            Thread.ofPlatform()
                    .start(() -> {
                        meet(together);
                        while (!over.get()) {
                            int begun = epochs.begin();
                            long stamp = now.get();
                            Thread.onSpinWait();
                            if (settled.get() > stamp) {
                                wrong.incrementAndGet();
                            }
                            epochs.end(begun);
                        }
                        ended.countDown();
                    });
        }
        meet(together);
        for (int i = 1; i <= 300; i++) {
            now.set(i);
            assertThat(await(LONG)).isTrue();
            settled.set(i);
        }
        over.set(true);

        assertThat(ended.await(2, TimeUnit.MINUTES)).isTrue();
        assertThat(wrong).hasValue(0);
    }

    private boolean await(Duration most) {
        try {
            return epochs.awaitEarlier(most);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void meet(CyclicBarrier together) {
        try {
            together.await(2, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
