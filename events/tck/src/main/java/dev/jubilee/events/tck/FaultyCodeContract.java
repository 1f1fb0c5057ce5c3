package dev.jubilee.events.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.ConflictException;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventTracker.Status;
import dev.jubilee.events.PermanentFailureException;
import dev.jubilee.events.RetryStrategy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What a subscription makes of a program whose own code fails where it should not: whatever throws
 * there, and whatever it throws, the events after it are handled.
 */
public abstract class FaultyCodeContract extends EventBusSuite {
    private final Recorder recorder = new Recorder();

    /** A failure that fails itself when it is asked what it is. */
    private static final class Speechless extends RuntimeException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no words");
        }
    }

    @Test
    void aTrackerIsToldOfEachOutcome() {
        List<DomainEvent<Score>> all = goodRetriedAndPoison(quick(2));

        Await.until("all tracked", () -> tracker.told().size() == 5);
        assertThat(tracker.told()).containsExactlyElementsOf(outcomes(all));
    }

    @Test
    void aTrackerThatThrowsChangesNothing() {
        tracker.failing(FaultyCodeContract::error);
        List<DomainEvent<Score>> all = goodRetriedAndPoison(quick(2));

        assertThat(awaitLetters(1).getFirst().eventId()).isEqualTo(all.get(2).id());
        assertGoesOn();
        assertThat(tracker.told().subList(0, 5)).containsExactlyElementsOf(outcomes(all));
        assertThat(recorder.attempts()).as("each handled once").isEqualTo(1 + 2 + 2 + 1);
    }

    /**
     * Publishes one that is handled, one that is handled the second time, and one that never is.
     */
    private List<DomainEvent<Score>> goodRetriedAndPoison(RetryStrategy strategy) {
        List<DomainEvent<Score>> all = scores("ada", 3);
        recorder.failing((event, attempt) -> {
            int which = all.indexOf(event);
            if (which == 2 || (which == 1 && attempt == 1)) {
                throw new IOException("attempt " + attempt);
            }
        });
        subscribe(EventHandler.of(recorder), strategy);
        bus().publishAll(all);
        return all;
    }

    private static List<String> outcomes(List<? extends BaseEvent> all) {
        return List.of(
                all.get(0).id() + " " + Status.PROCESSED,
                all.get(1).id() + " " + Status.RETRIED,
                all.get(1).id() + " " + Status.PROCESSED,
                all.get(2).id() + " " + Status.RETRIED,
                all.get(2).id() + " " + Status.FAILED);
    }

    @Test
    void whereAClassifierThrowsTheDefaultDecides() {
        recorder.failing((event, attempt) -> {
            switch (event.orderingKey()) {
                case "never" -> throw new PermanentFailureException("no such player");
                case "conflict" -> {
                    if (attempt == 1) {
                        throw new ConflictException("somebody was faster");
                    }
                }
                default -> {}
            }
        });
        RetryStrategy strategy =
                quick(5).backoff(Backoff.fixed(Duration.ofMinutes(5)))
                        .classifiedBy(failure -> {
                            throw error();
                        });
        subscribe(EventHandler.of(recorder), strategy);
        DomainEvent<Score> conflict = score("conflict", 2);

        bus().publishAll(List.of(score("never", 1), conflict));

        Await.until("tried again at once", () -> recorder.ids().contains(conflict.id()));
        assertThat(awaitLetters(1).getFirst().attempts()).isEqualTo(1);
        assertGoesOn();
    }

    @Test
    void aFilterThatThrowsIsAFailureLikeTheHandlers() {
        DomainEvent<Score> odd = score("ada", 1);
        subscribe(
                EventHandler.of(recorder)
                        .when(event -> {
                            if (event.id().equals(odd.id())) {
                                throw error();
                            }
                            return true;
                        }),
                quick(2));

        bus().publish(odd);

        assertThat(awaitLetters(1).getFirst().attempts()).isEqualTo(2);
        assertGoesOn();
    }

    @Test
    void anErrorHandlerThatThrowsAnErrorIsAsNone() {
        recorder.failing((event, attempt) -> failIf(event.orderingKey().equals("ada")));
        subscribe(
                EventHandler.of(recorder)
                        .onError((failure, event) -> {
                            throw error();
                        }),
                quick(2));

        bus().publish(score("ada", 1));

        assertThat(awaitLetters(1).getFirst().reason()).contains("poison");
        assertGoesOn();
    }

    @Test
    void anErrorOfTheHandlerIsAFailureLikeAnyOther() {
        recorder.failing((event, attempt) -> {
            if (event.orderingKey().equals("ada")) {
                throw error();
            }
        });
        subscribe(EventHandler.of(recorder), quick(2));

        bus().publish(score("ada", 1));

        assertThat(awaitLetters(1).getFirst().reason()).contains("NoClassDefFoundError");
        assertGoesOn();
    }

    @Test
    void aFailureThatCannotSayWhatItIsBecomesADeadLetter() {
        recorder.failing((event, attempt) -> {
            if (event.orderingKey().equals("ada")) {
                throw new Speechless();
            }
        });
        subscribe(EventHandler.of(recorder), quick(2));

        bus().publish(score("ada", 1));

        assertThat(awaitLetters(1).getFirst().reason()).contains("Speechless");
        assertGoesOn();
    }

    @Test
    void aFailureThatCannotSayWhatItIsCanBeDropped() {
        recorder.failing((event, attempt) -> {
            if (event.orderingKey().equals("ada")) {
                throw new Speechless();
            }
        });
        subscribe(EventHandler.of(recorder), quick(1).withoutDeadLetters());

        bus().publish(score("ada", 1));

        assertGoesOn();
    }

    @Test
    void aFailureThatSaysTooMuchBecomesADeadLetterOfItsFirstWords() {
        String endless = "poison ".repeat(300_000);
        recorder.failing((event, attempt) -> {
            if (event.orderingKey().equals("ada")) {
                throw new IOException(endless);
            }
        });
        subscribe(EventHandler.of(recorder), quick(1));

        bus().publish(score("ada", 1));

        assertThat(awaitLetters(1).getFirst().reason())
                .startsWith("java.io.IOException: poison poison")
                .hasSizeLessThan(5_000);
        assertGoesOn();
    }

    @Test
    void aHandlerThatLeavesItsThreadInterruptedDisturbsNoOther() {
        recorder.failing((event, attempt) -> {
            if (event.orderingKey().equals("ada")) {
                Thread.currentThread().interrupt();
                failIf(attempt == 1);
            }
        });
        subscribe(EventHandler.of(recorder), quick(2));

        bus().publishAll(List.of(score("ada", 1), score("ada", 2)));

        Await.until("both are handled", () -> recorder.ids().size() == 2);
        // Waiting, as the recorder does, would throw in a thread that is still interrupted.
        assertGoesOn();
        assertThat(recorder.attempts()).isEqualTo(2 + 2 + 1);
    }

    private void subscribe(EventHandler<BaseEvent> handler, RetryStrategy strategy) {
        bus().subscribe(family + ".score", handler.retrying(strategy));
    }

    /** The one worker of the subscription is there. */
    private void assertGoesOn() {
        DomainEvent<Score> next = score("bob", 1);
        bus().publish(next);
        Await.until("the next is handled", () -> recorder.ids().contains(next.id()));
    }

    private static Error error() {
        return new NoClassDefFoundError("made/by/a/Test");
    }

    private static void failIf(boolean poison) throws IOException {
        if (poison) {
            throw new IOException("poison");
        }
    }
}
