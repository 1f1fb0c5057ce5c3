package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TransportGuarantees;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What an {@link EventBus} that stores events does beyond {@link EventBusContract}. */
public abstract class DurableEventBusContract extends EventBusContract {
    /** More than any program keeps in memory. */
    private static final int VERY_MANY = 15_000;

    /** Ends the server and starts it again with what it kept; returns when it takes events. */
    protected abstract void restartServer() throws Exception;

    private SubscriptionOptions durable() {
        return SubscriptionOptions.durable(family);
    }

    @Test
    void saysThatItStoresAndRedelivers() {
        assertThat(bus().guarantees().durability())
                .isInstanceOf(TransportGuarantees.Durability.Stored.class);
        assertThat(bus().guarantees().redelivery())
                .isEqualTo(new TransportGuarantees.Redelivery.AtLeastOnce());
    }

    @Test
    void aDurableSubscriptionGetsWhatWasPublishedWhileItWasAway() {
        Recorder before = new Recorder();
        EventBus first = connect();
        first.subscribe(family + ".score", durable(), before);
        DomainEvent<Score> seen = score("ada", 1);
        bus().publish(seen);
        Await.until("the first came", () -> before.ids().equals(List.of(seen.id())));
        first.close();
        List<DomainEvent<Score>> missed = scores("ada", 20);
        bus().publishAll(missed);

        Recorder after = new Recorder();
        connect().subscribe(family + ".score", durable(), after);

        Await.until("the rest came", () -> after.ids().size() >= 20);
        assertThat(after.ids()).isEqualTo(idsOf(missed));
    }

    @Test
    void eventsWhoseHandlerDidNotFinishComeAgainAlsoWhenLaterOnesWereHandled() {
        Recorder failing =
                new Recorder()
                        .failing((event, attempt) -> {
                            if (event.orderingKey().equals("ada")) {
                                throw new IOException("down");
                            }
                        });
        EventBus first = connect();
        first.subscribe(
                family + ".score",
                durable(),
                EventHandler.of(failing)
                        .retrying(quick(2).backoff(Backoff.fixed(Duration.ofMinutes(5)))));
        List<DomainEvent<Score>> unfinished = scores("ada", 5);
        bus().publishAll(unfinished);
        bus().publish(score("bob", 1));
        Await.until("the last is handled", () -> failing.ids().size() == 1);
        first.close();

        Recorder recorder = new Recorder();
        connect()
                .subscribe(
                        family + ".score",
                        durable(),
                        EventHandler.of(recorder).when(event -> event.orderingKey().equals("ada")));

        Await.until("they came again", () -> recorder.ids().size() >= 5);
        assertThat(recorder.ids()).isEqualTo(idsOf(unfinished));
    }

    @Test
    void aLetterReachesItsSubscriptionThoughThatSelectsOtherEventsNow() {
        Recorder broken =
                new Recorder()
                        .failing((event, attempt) -> {
                            throw new IOException("poison");
                        });
        Subscription before =
                bus().subscribe(
                                family + ".score",
                                durable(),
                                EventHandler.of(broken).retrying(quick(1)));
        DomainEvent<Score> letter = score("ada", 1);
        bus().publish(letter);
        awaitLetters(1);
        before.close();
        Recorder now = new Recorder();
        bus().subscribe(family + ".match.end", durable(), now);

        assertThat(bus().deadLetters().redrive(dead(), each -> true)).isEqualTo(1);

        Await.until("it is handled", () -> now.ids().equals(List.of(letter.id())));
    }

    @Test
    void membersOfOneNameShareTheEvents() {
        Recorder one = new Recorder();
        Recorder two = new Recorder();
        bus().subscribe(family + ".score", durable(), one);
        connect().subscribe(family + ".score", durable(), two);

        // While the members come together, what was under way may come again.
        Await.until("each comes to one of them", () -> comesToOneOf(one, two));
    }

    private boolean comesToOneOf(Recorder one, Recorder two) throws InterruptedException {
        List<BaseEvent> round = new ArrayList<>();
        for (int player = 0; player < 30; player++) {
            round.add(score("p" + player, 1));
        }
        bus().publishAll(round);
        Await.until("all handled", () -> distinct(one, two).containsAll(idsOf(round)));
        // Whether one comes twice is seen only after it had the time to.
        assertThat(new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS)).isFalse();
        List<String> handled =
                Stream.of(one, two)
                        .flatMap(each -> each.ids().stream())
                        .filter(idsOf(round)::contains)
                        .toList();
        return handled.size() == round.size();
    }

    @Test
    void howeverManyEventsWaitBehindOneOtherKeysGoOn() {
        assertOthersGoOn(durable().withCapacity(100), VERY_MANY);
    }

    @Test
    void whatAHandlerPublishesWhileItsBusClosesComesToOthers() throws Exception {
        Recorder recorder = new Recorder();
        bus().subscribe(family + ".match.end", durable(), recorder);
        DomainEvent<MatchEnd> answer = events.domain("match", "m1", new MatchEnd("m1"));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        EventBus closing = connect();
        closing.subscribe(
                family + ".score",
                event -> {
                    begun.countDown();
                    assertThat(gate.await(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
                    closing.publish(answer);
                });
        bus().publish(score("ada", 1));
        assertThat(begun.await(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

        Thread closed = Thread.ofVirtual().start(closing::close);
        Await.until("it closes", () -> closed.getState() == Thread.State.WAITING);
        gate.countDown();

        Await.until("the answer came", () -> recorder.ids().equals(List.of(answer.id())));
    }

    @Test
    void nothingIsLostWhenTheServerIsRestartedInMidStream() throws Exception {
        Recorder recorder = new Recorder();
        bus().subscribe(family + ".score", durable(), recorder);
        List<DomainEvent<Score>> all = scores("ada", 60);
        bus().publishAll(all.subList(0, 20));
        Thread publisher =
                Thread.ofVirtual()
                        .start(() -> all.subList(20, 60).forEach(this::publishUntilTaken));

        restartServer();

        Await.until("published", () -> !publisher.isAlive());
        Await.until("all handled", () -> distinct(recorder).size() == 60);
        assertThat(distinct(recorder)).isEqualTo(idsOf(all));
    }

    private void publishUntilTaken(BaseEvent event) {
        long deadline = System.nanoTime() + Await.PATIENCE.toNanos();
        while (true) {
            try {
                bus().publish(event);
                return;
            } catch (PublishException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
            }
        }
    }

    @Test
    void deadLettersOutliveTheBusThatMadeThem() {
        Recorder broken =
                new Recorder()
                        .failing((event, attempt) -> {
                            throw new IOException("broken");
                        });
        EventBus first = connect();
        first.subscribe(family + ".score", durable(), EventHandler.of(broken).retrying(quick(1)));
        DomainEvent<Score> poison = score("ada", 1);
        bus().publish(poison);
        awaitLetters(1);
        first.close();
        Recorder mended = new Recorder();
        connect()
                .subscribe(
                        family + ".score", durable(), EventHandler.of(mended).retrying(quick(1)));

        assertThat(bus().deadLetters().redrive(dead(), letter -> true)).isEqualTo(1);

        Await.until("handled", () -> mended.ids().equals(List.of(poison.id())));
        assertThat(bus().deadLetters().view(dead(), 10)).isEmpty();
    }

    @Test
    void refusesToHandleSynchronously() {
        assertThatThrownBy(() ->
                        bus().subscribe(
                                        "game.#",
                                        SubscriptionOptions.synchronous(),
                                        new Recorder()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
