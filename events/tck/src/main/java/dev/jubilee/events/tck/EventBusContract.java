package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.ConflictException;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.PermanentFailureException;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.Subscription;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.TopicPattern;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What every {@link EventBus} does. Each test uses a family of types of its own, so a server may be
 * shared by all tests.
 */
public abstract class EventBusContract extends PressureContract {
    /** More letters than any transport has reason to look at together. */
    private static final int MANY = 220;

    @Test
    void anEventArrivesAsItWasPublished() {
        Recorder recorder = new Recorder();
        bus().subscribe("#", EventHandler.of(recorder).when(event -> isOurs(event)));
        DomainEvent<Score> score = score("ada", 1);
        IntegrationEvent<MatchEnd> end =
                events.causedBy(score).integration("matches", "ended", new MatchEnd("m1"));
        SystemEvent alert =
                events.system(SystemEvent.Level.ERROR, family, "out of arrows", Map.of("left", 0));

        bus().publishAll(List.of(score, end, alert));

        Await.until("all came", () -> recorder.handled().size() == 3);
        assertThat(recorder.handled()).containsExactlyInAnyOrder(score, end, alert);
    }

    private boolean isOurs(BaseEvent event) {
        return event.type().contains(family);
    }

    @Test
    void aPatternSelectsTheSameOnEveryTransport() {
        List<String> patterns =
                List.of(
                        "%s.*",
                        "%s.score", "%s.*.end", "%s.#", "*.*.end", "%s", "*.score", "#.end");
        List<Recorder> recorders = new ArrayList<>();
        for (String pattern : patterns) {
            Recorder recorder = new Recorder();
            recorders.add(recorder);
            bus().subscribe(
                            pattern.formatted(family),
                            EventHandler.of(recorder).when(this::isOurs));
        }
        // All of one key and twice: what is selected of the second round comes after whatever was
        // wrongly selected of the first.
        List<BaseEvent> published = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            published.add(score("ada", round));
            published.add(events.domain("player", "ada", new MatchEnd("m" + round)));
            published.add(events.domain("player", "ada", new Bare(round)));
        }

        bus().publishAll(published);

        for (int i = 0; i < patterns.size(); i++) {
            TopicPattern pattern = TopicPattern.of(patterns.get(i).formatted(family));
            List<String> selected =
                    published.stream()
                            .filter(event -> pattern.matches(event.type()))
                            .map(BaseEvent::id)
                            .toList();
            assertThat(selected).as("%s", pattern).isNotEmpty();
            Recorder recorder = recorders.get(i);
            Await.until(pattern + " is served", () -> recorder.ids().size() >= selected.size());
            assertThat(recorder.ids()).as("%s", pattern).containsExactlyElementsOf(selected);
        }
    }

    @Test
    void eventsOfOneKeyAreHandledInOrderByAnyNumberOfWorkers() {
        Recorder recorder = new Recorder();
        bus().subscribe(family + ".score", SubscriptionOptions.DEFAULT.withWorkers(4), recorder);
        List<DomainEvent<Score>> all = new ArrayList<>();
        for (int points = 0; points < 50; points++) {
            for (int player = 0; player < 20; player++) {
                all.add(score("p" + player, points));
            }
        }

        bus().publishAll(all);

        Await.until("all handled", () -> recorder.handled().size() == all.size());
        for (int player = 0; player < 20; player++) {
            String key = "p" + player;
            assertThat(recorder.handled().stream().filter(e -> e.orderingKey().equals(key)))
                    .containsExactlyElementsOf(
                            all.stream().filter(e -> e.orderingKey().equals(key)).toList());
        }
    }

    @Test
    void everySubscriptionGetsEveryEvent() {
        Recorder one = new Recorder();
        Recorder two = new Recorder();
        bus().subscribe(family + ".score", one);
        bus().subscribe(family + ".*", two);
        List<DomainEvent<Score>> all = scores("ada", 10);

        all.forEach(bus()::publish);

        Await.until("both got all", () -> one.ids().size() == 10 && two.ids().size() == 10);
        assertThat(one.ids()).isEqualTo(idsOf(all));
        assertThat(two.ids()).isEqualTo(idsOf(all));
    }

    @Test
    void publishingWithoutWaitingKeepsTheOrderAndCompletes() throws Exception {
        Recorder recorder = new Recorder();
        bus().subscribe(family + ".score", recorder);
        List<DomainEvent<Score>> all = scores("ada", 100);

        for (var done : all.stream().map(bus()::publishAsync).toList()) {
            done.get(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }

        Await.until("all handled", () -> recorder.ids().size() == 100);
        assertThat(recorder.ids()).isEqualTo(idsOf(all));
    }

    @Test
    void aHandlerThatFailsIsTriedAgainAndToldOfEachFailure() {
        Recorder recorder = new Recorder().failing((event, attempt) -> failUntil(attempt, 3));
        ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
        bus().subscribe(
                        family + ".score",
                        EventHandler.of(recorder)
                                .onError(
                                        (error, event) -> told.add(event.id() + error.getMessage()))
                                .retrying(quick(3)));
        DomainEvent<Score> event = score("ada", 1);

        bus().publish(event);

        Await.until("handled", () -> recorder.ids().equals(List.of(event.id())));
        assertThat(told).containsExactly(event.id() + "attempt 1", event.id() + "attempt 2");
        assertThat(bus().deadLetters().view(dead(), 10)).isEmpty();
    }

    @Test
    void aPoisonEventBecomesADeadLetterAndTheOthersGoOn() {
        Recorder recorder = new Recorder();
        DomainEvent<Score> poison = score("ada", 13);
        recorder.failing((event, attempt) -> failIf(event.id().equals(poison.id())));
        bus().subscribe(family + ".score", EventHandler.of(recorder).retrying(quick(2)));
        DomainEvent<Score> next = score("ada", 14);

        bus().publishAll(List.of(poison, next));

        Await.until("the next is handled", () -> recorder.ids().equals(List.of(next.id())));
        List<DeadLetter> letters = awaitLetters(1);
        assertThat(letters.getFirst().event()).contains(poison);
        assertThat(letters.getFirst().eventId()).isEqualTo(poison.id());
        assertThat(letters.getFirst().type()).isEqualTo(poison.type());
        assertThat(letters.getFirst().attempts()).isEqualTo(2);
        assertThat(letters.getFirst().reason()).contains("IOException").contains("poison");
        assertThat(recorder.attempts()).isEqualTo(3);
    }

    @Test
    void aFailureIsTreatedAsItsKindCallsFor() {
        Recorder recorder =
                new Recorder()
                        .failing((event, attempt) -> {
                            if (event.orderingKey().equals("never")) {
                                throw new PermanentFailureException("no such player");
                            }
                            if (attempt < 4) {
                                throw new ConflictException("somebody was faster");
                            }
                        });
        RetryStrategy strategy = quick(5).backoff(Backoff.fixed(Duration.ofMinutes(5)));
        bus().subscribe(family + ".score", EventHandler.of(recorder).retrying(strategy));
        DomainEvent<Score> atOnce = score("conflict", 2);

        bus().publishAll(List.of(score("never", 1), atOnce));

        Await.until("tried again at once", () -> recorder.ids().equals(List.of(atOnce.id())));
        assertThat(awaitLetters(1).getFirst().attempts()).isEqualTo(1);
    }

    @Test
    void anEventOfAnotherKindThanTheHandlersIsADeadLetter() {
        EventHandler<SystemEvent> handler = event -> assertThat(event.level()).isNotNull();
        bus().subscribe(family + ".score", EventHandler.of(handler).retrying(quick(3)));

        bus().publish(score("ada", 1));

        assertThat(awaitLetters(1).getFirst().reason()).contains("ClassCastException");
    }

    @Test
    void whileOneWaitsForItsRetryItsKeyWaitsAndOtherKeysGoOn() {
        Recorder recorder = new Recorder();
        List<DomainEvent<Score>> waiting = scores("ada", 3);
        List<DomainEvent<Score>> others = scores("bob", 3);
        String first = waiting.getFirst().id();
        recorder.failing((event, attempt) -> failIf(event.id().equals(first)));
        bus().subscribe(family + ".score", EventHandler.of(recorder).retrying(quick(10_000)));
        bus().publishAll(waiting);
        bus().publishAll(others);

        Await.until("the others are handled", () -> recorder.ids().equals(idsOf(others)));
        recorder.failing((event, attempt) -> {});

        Await.until("all are handled", () -> recorder.ids().size() == 6);
        assertThat(recorder.ids().subList(3, 6)).isEqualTo(idsOf(waiting));
    }

    @Test
    void withoutOrderLaterEventsOfTheKeyOvertakeOneThatWaits() {
        Recorder recorder = new Recorder();
        DomainEvent<Score> first = score("ada", 1);
        DomainEvent<Score> second = score("ada", 2);
        recorder.failing((event, attempt) -> failIf(event.id().equals(first.id())));
        RetryStrategy strategy = quick(10_000).unordered();
        bus().subscribe(family + ".score", EventHandler.of(recorder).retrying(strategy));

        bus().publishAll(List.of(first, second));

        Await.until("the second is handled", () -> recorder.ids().equals(List.of(second.id())));
        recorder.failing((event, attempt) -> {});
        Await.until("the first as well", () -> recorder.ids().contains(first.id()));
    }

    @Test
    void aDeadLetterCanBeGivenToItsSubscriptionAgainAndToNoOther() {
        Recorder broken = new Recorder().failing((event, attempt) -> failIf(true));
        Recorder other = new Recorder();
        bus().subscribe(family + ".score", EventHandler.of(broken).retrying(quick(1)));
        bus().subscribe(family + ".score", other);
        DomainEvent<Score> mended = score("ada", 1);
        DomainEvent<Score> left = score("bob", 2);
        bus().publishAll(List.of(mended, left));
        awaitLetters(2);
        broken.failing((event, attempt) -> {});

        int redriven =
                bus().deadLetters().redrive(dead(), letter -> letter.eventId().equals(mended.id()));

        assertThat(redriven).isEqualTo(1);
        Await.until("handled", () -> broken.ids().equals(List.of(mended.id())));
        assertThat(awaitLetters(1).getFirst().eventId()).isEqualTo(left.id());
        // Of the same key as what was redriven, so it comes after that.
        DomainEvent<Score> next = score("ada", 3);
        bus().publish(next);
        Await.until("the next came", () -> other.ids().containsAll(List.of(left.id(), next.id())));
        assertThat(other.ids()).containsExactlyInAnyOrder(mended.id(), left.id(), next.id());
    }

    @Test
    void manyLettersAreSeenAndRedrivenOldestFirstAndOnceEach() {
        Recorder broken = new Recorder().failing((event, attempt) -> failIf(true));
        bus().subscribe(family + ".score", EventHandler.of(broken).retrying(quick(1)));
        List<DomainEvent<Score>> all = scores("ada", MANY);
        bus().publishAll(all);
        awaitManyLetters();
        for (int look = 0; look < 2; look++) {
            assertThat(bus().deadLetters().view(dead(), 3))
                    .extracting(DeadLetter::eventId)
                    .isEqualTo(idsOf(all.subList(0, 3)));
        }
        broken.failing((event, attempt) -> {});
        String left = all.get(MANY / 2).id();

        int redriven =
                bus().deadLetters().redrive(dead(), letter -> !letter.eventId().equals(left));

        assertThat(redriven).isEqualTo(MANY - 1);
        Await.until("all are handled", () -> broken.ids().size() >= MANY - 1);
        assertThat(broken.ids())
                .isEqualTo(idsOf(all).stream().filter(id -> !id.equals(left)).toList());
        assertThat(awaitLetters(1).getFirst().eventId()).isEqualTo(left);
    }

    @Test
    void lettersThatFailAgainWhileTheyAreRedrivenAreNotRedrivenAgain() {
        Recorder broken = new Recorder().failing((event, attempt) -> failIf(true));
        bus().subscribe(family + ".score", EventHandler.of(broken).retrying(quick(1)));
        bus().publishAll(scores("ada", MANY));
        awaitManyLetters();

        assertThat(bus().deadLetters().redrive(dead(), letter -> true)).isEqualTo(MANY);

        Await.until("all failed again", () -> broken.attempts() == 2 * MANY);
        awaitManyLetters();
        assertThat(broken.attempts()).isEqualTo(2 * MANY);
    }

    private void awaitManyLetters() {
        Await.untilAsserted(
                "the letters lie there",
                () -> assertThat(idsOfLetters()).hasSize(MANY).doesNotHaveDuplicates());
    }

    private List<String> idsOfLetters() {
        return bus().deadLetters().view(dead(), 2 * MANY).stream()
                .map(DeadLetter::eventId)
                .toList();
    }

    @Test
    void theLettersOfASubscriptionThatIsGoneStayWhereTheyAre() {
        Recorder broken = new Recorder().failing((event, attempt) -> failIf(true));
        Subscription gone =
                bus().subscribe(family + ".score", EventHandler.of(broken).retrying(quick(1)));
        bus().publishAll(scores("ada", 3));
        List<DeadLetter> letters = awaitLetters(3);
        gone.close();

        assertThat(bus().deadLetters().redrive(dead(), letter -> true)).isZero();

        assertThat(bus().deadLetters().view(dead(), 10)).isEqualTo(letters);
    }

    @Test
    void whatAHandlerDoesNotWantCountsAsHandled() {
        Recorder recorder = new Recorder();
        DomainEvent<Score> wanted = score("ada", 2);
        bus().subscribe(
                        family + ".score",
                        EventHandler.of(recorder).when(event -> event.id().equals(wanted.id())));

        bus().publishAll(List.of(score("ada", 1), wanted));

        Await.until("handled", () -> recorder.ids().equals(List.of(wanted.id())));
        assertThat(recorder.attempts()).isEqualTo(1);
    }

    @Test
    void anErrorHandlerThatFailsChangesNothing() {
        Recorder recorder = new Recorder().failing((event, attempt) -> failUntil(attempt, 2));
        bus().subscribe(
                        family + ".score",
                        EventHandler.of(recorder)
                                .onError((error, event) -> {
                                    throw new IllegalStateException("the pager is down");
                                })
                                .retrying(quick(2)));
        DomainEvent<Score> event = score("ada", 1);

        bus().publish(event);

        Await.until("handled", () -> recorder.ids().equals(List.of(event.id())));
    }

    @Test
    void afterUnsubscribingNothingComes() {
        Recorder gone = new Recorder();
        Recorder there = new Recorder();
        Subscription subscription = bus().subscribe(family + ".score", gone);
        bus().subscribe(family + ".score", there);
        bus().publish(score("ada", 1));
        Await.until("both got the first", () -> gone.ids().size() == 1 && there.ids().size() == 1);

        bus().unsubscribe(subscription);
        bus().unsubscribe(subscription);
        bus().publish(score("ada", 2));

        Await.until("one got the second", () -> there.ids().size() == 2);
        assertThat(gone.ids()).hasSize(1);
        assertThat(subscription.isActive()).isFalse();
    }

    @Test
    void closingFinishesWhatIsUnderWayAndTakesNoMore() throws Exception {
        Recorder recorder = new Recorder().hold();
        bus().subscribe(family + ".score", recorder);
        bus().publishAll(scores("ada", 5));
        Await.until("the first is under way", () -> recorder.attempts() == 1);

        Thread closing = Thread.ofVirtual().start(bus()::close);
        assertThat(closing.join(Duration.ofMillis(100))).as("closed too early").isFalse();
        recorder.release();
        closing.join();

        int handled = recorder.handled().size();
        assertThat(handled).isPositive().isEqualTo(recorder.attempts());
        assertThatThrownBy(() -> bus().publish(score("ada", 6)))
                .isInstanceOf(IllegalStateException.class);
        assertThat(recorder.handled()).hasSize(handled);
    }

    @Test
    void closingEndsItsSubscriptionsAndThoseBeingMade() {
        Subscription subscription = bus().subscribe(family + ".score", new Recorder());
        EventHandler<BaseEvent> closing =
                new EventHandler<>() {
                    @Override
                    public void handle(BaseEvent event) {}

                    @Override
                    public Optional<RetryStrategy> retryStrategy() {
                        bus().close(); // while it is subscribed
                        return Optional.empty();
                    }
                };

        assertThatThrownBy(() -> bus().subscribe(family + ".score", closing))
                .isInstanceOf(IllegalStateException.class);

        assertThat(subscription.isActive()).isFalse();
        assertThatThrownBy(() -> bus().subscribe(family + ".score", new Recorder()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSlowHandlerLosesNothing() {
        Recorder recorder = new Recorder().hold();
        bus().subscribe(family + ".score", SubscriptionOptions.DEFAULT.withCapacity(8), recorder);
        List<DomainEvent<Score>> all = scores("ada", 300);

        Thread publisher = Thread.ofVirtual().start(() -> bus().publishAll(all));
        Await.until("the first is under way", () -> recorder.attempts() == 1);
        recorder.release();

        Await.until("all handled", () -> recorder.ids().size() == 300 && !publisher.isAlive());
        assertThat(recorder.ids()).isEqualTo(idsOf(all));
    }

    @Test
    void aPatternThatIsNoneIsRefused() {
        assertThatThrownBy(() -> bus().subscribe("Not a pattern", new Recorder()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void failIf(boolean poison) throws IOException {
        if (poison) {
            throw new IOException("poison");
        }
    }

    private static void failUntil(int attempt, int good) throws IOException {
        if (attempt < good) {
            throw new IOException("attempt " + attempt);
        }
    }
}
