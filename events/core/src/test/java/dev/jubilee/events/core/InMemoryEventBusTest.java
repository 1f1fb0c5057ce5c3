package dev.jubilee.events.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.EventBusContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InMemoryEventBusTest extends EventBusContract {
    @Override
    protected EventBus open(EventRegistry registry, EventTracker tracker) {
        return new InMemoryEventBus(BusSettings.defaults().withTracker(tracker));
    }

    @Test
    void publishersWaitWhileAHandlersQueueIsFull() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger published = new AtomicInteger();
        AtomicInteger handled = new AtomicInteger();
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.DEFAULT.withCapacity(10),
                        event -> {
                            gate.await();
                            handled.incrementAndGet();
                        });

        Thread publisher =
                Thread.ofVirtual()
                        .start(() -> {
                            for (DomainEvent<Score> score : scores("ada", 100)) {
                                bus().publish(score);
                                published.incrementAndGet();
                            }
                        });
        try {
            Await.until(
                    "the publisher waits",
                    () -> published.get() == 10 && publisher.getState() == Thread.State.WAITING);
        } finally {
            gate.countDown(); // whatever happens: closing the bus waits for its handlers
        }
        publisher.join();
        Await.until("all handled", () -> handled.get() == 100);
    }

    @Test
    void closingHandlesEverythingThatWasPublished() {
        AtomicInteger handled = new AtomicInteger();
        bus().subscribe(family + ".score", event -> handled.incrementAndGet());
        bus().publishAll(scores("ada", 1000));

        bus().close();

        assertThat(handled).hasValue(1000);
    }

    @Test
    void whatHandlersPublishWhileItClosesIsHandled() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger handled = new AtomicInteger();
        EventHandler<DomainEvent<Score>> echoing =
                event -> {
                    int points = event.data().points();
                    if (points == 100) {
                        begun.countDown();
                        gate.await();
                    }
                    if (points > 0) {
                        bus().publish(events.domain("match", "m", new MatchEnd("" + points)));
                    }
                };
        bus().subscribe(family + ".score", echoing);
        EventHandler<DomainEvent<MatchEnd>> answering =
                event -> {
                    handled.incrementAndGet();
                    int points = Integer.parseInt(event.data().match());
                    bus().publish(score("ada", points - 1));
                };
        bus().subscribe(family + ".match.end", answering);
        bus().publish(score("ada", 100));
        begun.await();

        Thread closing = Thread.ofVirtual().start(bus()::close);
        Await.until("it closes", () -> closing.getState() == Thread.State.WAITING);
        gate.countDown();
        closing.join();

        assertThat(handled).hasValue(100);
    }

    @Test
    void whoPublishesMoreOfAKeyThatWaitsThanMayWaitsAlone() {
        AtomicBoolean broken = new AtomicBoolean(true);
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        EventHandler<BaseEvent> handler =
                event -> {
                    if (broken.get() && event.orderingKey().equals("ada")) {
                        throw new IllegalStateException("not yet");
                    }
                    handled.add(event.id());
                };
        bus().subscribe(family + ".score", handler.retrying(quick(1_000_000)));
        int many = 2 * Dispatcher.MOST_PARKED;

        Thread publisher =
                Thread.ofVirtual().start(() -> scores("ada", many).forEach(bus()::publish));
        Await.until("the publisher waits", () -> publisher.getState() == Thread.State.WAITING);
        bus().publishAll(scores("bob", 10));

        Await.until("the others are handled", () -> handled.size() == 10);
        assertThat(publisher.isAlive()).isTrue();
        broken.set(false);
        Await.until("all are handled", () -> handled.size() == 10 + many);
    }

    @Test
    void aHandlerThatPublishesDoesNotWaitForItself() {
        AtomicInteger handled = new AtomicInteger();
        EventHandler<DomainEvent<Score>> echoing =
                event -> {
                    handled.incrementAndGet();
                    if (event.data().points() == 0) {
                        bus().publishAll(scores("bob", 50).subList(1, 50));
                    }
                };
        bus().subscribe(family + ".score", SubscriptionOptions.DEFAULT.withCapacity(2), echoing);

        bus().publish(score("ada", 0));

        Await.until("all handled", () -> handled.get() == 50);
    }

    @Test
    void aSynchronousHandlerIsDoneWhenPublishReturnsAndRetriesInItsThread() {
        Queue<Thread> threads = new ConcurrentLinkedQueue<>();
        EventHandler<BaseEvent> handler =
                event -> {
                    threads.add(Thread.currentThread());
                    if (threads.size() < 3) {
                        throw new IllegalStateException("not yet");
                    }
                };
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.synchronous(),
                        handler.retrying(quick(3)));

        bus().publish(score("ada", 1));

        assertThat(threads).hasSize(3).containsOnly(Thread.currentThread());
    }

    @Test
    void whatASynchronousHandlerRefusesNobodyElseSees() {
        List<String> seen = new ArrayList<>();
        bus().subscribe(family + ".score", event -> seen.add(event.id()));
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.synchronous(),
                        EventHandler.of(
                                        event -> {
                                            throw new IllegalStateException("no gold");
                                        })
                                .retrying(quick(2)));

        assertThatThrownBy(() -> bus().publish(score("ada", 1)))
                .isInstanceOf(PublishException.class)
                .hasRootCauseMessage("no gold");

        bus().close();
        assertThat(seen).isEmpty();
        assertThat(bus().deadLetters().view(dead(), 10)).isEmpty();
    }

    @Test
    void refusesToBeDurable() {
        assertThatThrownBy(() ->
                        bus().subscribe(
                                        "game.#",
                                        SubscriptionOptions.durable("scores"),
                                        event -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("scores")
                .hasMessageContaining("InProcess");
    }
}
