package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TransportGuarantees;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What becomes of more events than a subscription can handle at present. */
public abstract class PressureContract extends ClosingContract {
    private static final int CAPACITY = 20;

    /** Together less than what Redis keeps for a subscriber that does not read (32 MB). */
    private static final int LARGE = 32 << 10;

    private static final int MANY_LARGE = 800;

    /** Room for what the clients of servers fetch ahead, and less than what is published. */
    private static final long MOST_HERE = 20L << 20;

    @Test
    void aKeyWithManyEventsBehindOneThatWaitsHoldsUpNoOtherKey() {
        assertOthersGoOn(SubscriptionOptions.DEFAULT.withCapacity(CAPACITY), 20 * CAPACITY);
    }

    /** A key fails, so many of it come, and others get through; then it is mended. */
    protected final void assertOthersGoOn(SubscriptionOptions options, int count) {
        Recorder recorder = new Recorder();
        List<DomainEvent<Score>> waiting = scores("ada", count);
        List<DomainEvent<Score>> others = scores("bob", 2 * CAPACITY);
        String first = waiting.getFirst().id();
        recorder.failing((event, attempt) -> {
            if (event.id().equals(first)) {
                throw new IOException("down");
            }
        });
        bus().subscribe(
                        family + ".score",
                        options,
                        EventHandler.of(recorder).retrying(quick(50_000)));
        bus().publishAll(waiting);

        bus().publishAll(others);

        Await.until("the others are handled", () -> distinct(recorder).equals(idsOf(others)));
        recorder.failing((event, attempt) -> {});
        int all = count + others.size();
        Await.until("all are handled", () -> distinct(recorder).size() >= all);
        assertThat(distinct(recorder).subList(others.size(), all)).isEqualTo(idsOf(waiting));
        DomainEvent<Score> next = score("ada", count);
        bus().publish(next);
        Await.until("the key goes on", () -> distinct(recorder).contains(next.id()));
        if (bus().guarantees().durability() instanceof TransportGuarantees.Durability.InProcess) {
            assertThat(recorder.ids()).hasSize(all + 1); // where nothing is delivered again
        }
    }

    /** Ids in the order in which they first came. */
    protected static List<String> distinct(Recorder... recorders) {
        return Stream.of(recorders)
                .flatMap(recorder -> recorder.ids().stream())
                .distinct()
                .toList();
    }

    @Test
    void whatASlowHandlerDoesNotTakeIsNotInThisProcess() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger handled = new AtomicInteger();
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.DEFAULT.withCapacity(4),
                        event -> {
                            assertThat(gate.await(2, TimeUnit.MINUTES)).isTrue();
                            handled.incrementAndGet();
                        });
        long before = used();
        try {
            Thread publisher = Thread.ofVirtual().start(this::publishMuch);
            if (bus().guarantees().durability()
                    instanceof TransportGuarantees.Durability.InProcess) {
                Await.until(
                        "the publisher waits", () -> publisher.getState() == Thread.State.WAITING);
            } else {
                publisher.join();
            }
            // Whether it is fetched all the same is seen only after there was time to.
            assertThat(gate.await(2, TimeUnit.SECONDS)).isFalse();

            assertThat(used() - before).as("bytes in memory").isLessThan(MOST_HERE);
        } finally {
            gate.countDown();
        }
        Await.until("all are handled", () -> handled.get() == MANY_LARGE);
    }

    private void publishMuch() {
        for (int i = 0; i < MANY_LARGE; i += 4) {
            bus().publishAll(List.of(large(i), large(i + 1), large(i + 2), large(i + 3)));
        }
    }

    private DomainEvent<Score> large(int points) {
        return events.domain("player", "ada", new Score("x".repeat(LARGE), points));
    }

    /** Of the heap, after the collector had it. */
    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
