package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventTracker.Status;
import dev.jubilee.events.Subscription;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** How a bus and its subscriptions end while their handlers still do something. */
public abstract class ClosingContract extends FaultyCodeContract {

    @Test
    void whatAHandlerPublishesWhileTheBusClosesIsTaken() throws Exception {
        DomainEvent<Score> last = score("ada", 1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        EventHandler<BaseEvent> answering =
                event -> {
                    begun.countDown();
                    awaitOpen(gate);
                    bus().publish(events.domain("match", "m1", new MatchEnd("m1")));
                };
        bus().subscribe(family + ".score", answering.retrying(quick(1)));
        bus().publish(last);
        awaitOpen(begun);

        Thread closing = Thread.ofVirtual().start(bus()::close);
        awaitRefusal();
        gate.countDown();

        assertThat(closing.join(Await.PATIENCE)).as("closed").isTrue();
        assertThat(tracker.told()).contains(last.id() + " " + Status.PROCESSED);
        assertThat(tracker.told()).doesNotContain(last.id() + " " + Status.FAILED);
    }

    @Test
    void handlersThatAllCloseTheBusDoNotWaitForEachOther() throws Exception {
        CountDownLatch closed = new CountDownLatch(2);
        meeting(() -> {
            bus().close();
            closed.countDown();
        });

        awaitOpen(closed);

        awaitRefusal();
    }

    @Test
    void handlersThatEndEachOthersSubscriptionsDoNotWaitForEachOther() throws Exception {
        CountDownLatch ended = new CountDownLatch(2);
        AtomicReference<List<Subscription>> both = new AtomicReference<>(List.of());
        CountDownLatch known = new CountDownLatch(1);
        List<Subscription> subscriptions =
                meeting(() -> {
                    awaitOpen(known);
                    both.get().forEach(Subscription::close);
                    ended.countDown();
                });
        both.set(subscriptions);
        known.countDown();

        awaitOpen(ended);

        assertThat(subscriptions).noneMatch(Subscription::isActive);
    }

    @FunctionalInterface
    private interface Act {
        void perform() throws Exception;
    }

    /** Two subscriptions whose handlers act at the same moment. */
    private List<Subscription> meeting(Act act) {
        CyclicBarrier barrier = new CyclicBarrier(2);
        EventHandler<BaseEvent> handler =
                event -> {
                    barrier.await(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
                    act.perform();
                };
        List<Subscription> subscriptions =
                List.of(
                        bus().subscribe(family + ".score", handler.retrying(quick(1))),
                        bus().subscribe(family + ".match.end", handler.retrying(quick(1))));
        bus().publish(score("ada", 1));
        bus().publish(events.domain("match", "m1", new MatchEnd("m1")));
        return subscriptions;
    }

    @Test
    void whatIsLostWhenTheBusClosesIsToldOf() {
        Recorder failing =
                new Recorder()
                        .failing((event, attempt) -> {
                            if (event.orderingKey().equals("ada")) {
                                throw new IOException("down");
                            }
                        });
        EventHandler<BaseEvent> handler = EventHandler.of(failing);
        bus().subscribe(
                        family + ".score",
                        handler.retrying(quick(2).backoff(Backoff.fixed(Duration.ofMinutes(5)))));
        List<DomainEvent<Score>> waiting = scores("ada", 3);
        bus().publishAll(waiting);
        bus().publish(score("bob", 1));
        Await.until("the last is handled", () -> failing.ids().size() == 1);

        bus().close();

        assertThat(tracker.told())
                .containsAll(
                        waiting.stream().map(event -> event.id() + " " + Status.FAILED).toList());
    }

    /** Waits until the bus takes no more of those who are not its handlers. */
    private void awaitRefusal() {
        Await.until(
                "the bus takes no more",
                () -> {
                    try {
                        bus().publish(events.domain("bare", "b", new Bare(1)));
                        return false;
                    } catch (IllegalStateException e) {
                        return true;
                    }
                });
    }

    private static void awaitOpen(CountDownLatch latch) throws InterruptedException {
        assertThat(latch.await(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }
}
