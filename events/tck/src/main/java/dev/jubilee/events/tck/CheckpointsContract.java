package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.store.Checkpoints;
import dev.jubilee.events.store.Checkpoints.Lease;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an owner of a subscription may rely on, and what one that was must not be able to do. */
@SuppressWarnings("NullAway.Init") // made anew before each test
public abstract class CheckpointsContract {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(1);

    private Checkpoints checkpoints;

    /** A fixture with no checkpoints. */
    protected abstract EventStoreFixture fixture();

    @BeforeEach
    final void connect() {
        checkpoints = fixture().checkpoints();
    }

    @Test
    void aSubscriptionBeginsAtTheStartAndGoesOnWhereItWas() {
        assertThat(checkpoints.position("p")).isEmpty();

        Lease first = checkpoints.acquire("p", "a", LONG).orElseThrow();
        assertThat(first.position()).isZero();
        assertThat(checkpoints.advance(first, 7)).isTrue();
        checkpoints.release(first);

        assertThat(checkpoints.position("p")).hasValue(7);
        assertThat(checkpoints.acquire("p", "b", LONG).orElseThrow().position()).isEqualTo(7);
        assertThat(checkpoints.position("other")).isEmpty();
    }

    @Test
    void aCheckpointNeverGoesBack() {
        Lease lease = checkpoints.acquire("p", "a", LONG).orElseThrow();
        checkpoints.advance(lease, 7);

        assertThat(checkpoints.advance(lease, 5)).isTrue();
        assertThat(checkpoints.position("p")).hasValue(7);
    }

    @Test
    void aSubscriptionHasOneOwner() {
        Lease first = checkpoints.acquire("p", "a", LONG).orElseThrow();

        assertThat(checkpoints.acquire("p", "b", LONG)).isEmpty();
        assertThat(checkpoints.acquire("other", "b", LONG)).isPresent();
        checkpoints.release(first);
        assertThat(checkpoints.acquire("p", "b", LONG)).isPresent();
    }

    @Test
    void anOwnerWhoseTimeIsUpIsFencedOffByTheNext() {
        Lease zombie = checkpoints.acquire("p", "a", SHORT).orElseThrow();
        checkpoints.advance(zombie, 3);
        Lease next = acquireOnceFree("b");

        assertThat(next.token()).isGreaterThan(zombie.token());
        assertThat(next.position()).isEqualTo(3);
        assertThat(checkpoints.advance(zombie, 9)).isFalse();
        assertThat(checkpoints.renew(zombie, LONG)).isFalse();
        checkpoints.release(zombie);
        assertThat(checkpoints.acquire("p", "c", LONG)).isEmpty();
        assertThat(checkpoints.position("p")).hasValue(3);
        assertThat(checkpoints.advance(next, 4)).isTrue();
    }

    @Test
    void anOwnerThatStartsAgainTakesItsOwnPlaceAtOnce() {
        Lease before = checkpoints.acquire("p", "a", LONG).orElseThrow();
        Lease after = checkpoints.acquire("p", "a", LONG).orElseThrow();

        assertThat(checkpoints.advance(before, 9)).isFalse();
        assertThat(checkpoints.advance(after, 2)).isTrue();
    }

    @Test
    void aLeaseThatIsRenewedIsKept() {
        Lease lease = checkpoints.acquire("p", "a", Duration.ofSeconds(10)).orElseThrow();
        assertThat(checkpoints.renew(lease, LONG)).isTrue();
        assertThat(checkpoints.renew(lease, SHORT)).isTrue();

        Lease next = acquireOnceFree("b");
        assertThat(next.token()).isGreaterThan(lease.token());
    }

    @Test
    void ofManyWhoWantALeaseOneGetsIt() throws Exception {
        for (int round = 0; round < 20; round++) {
            String subscription = "p" + round;
            AtomicInteger owners = new AtomicInteger();
            Threads.together(
                    6,
                    thread -> {
                        Optional<Lease> lease =
                                checkpoints.acquire(subscription, "o" + thread, LONG);
                        owners.addAndGet(lease.isPresent() ? 1 : 0);
                    });
            assertThat(owners).hasValue(1);
        }
    }

    private Lease acquireOnceFree(String owner) {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (System.nanoTime() < end) {
            Optional<Lease> lease = checkpoints.acquire("p", owner, LONG);
            if (lease.isPresent()) {
                return lease.get();
            }
            Thread.onSpinWait();
        }
        throw new AssertionError("the lease did not run out");
    }
}
