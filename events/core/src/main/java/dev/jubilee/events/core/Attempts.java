package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.ErrorClassifier;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.Reaction;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.UnreadableEventException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a handler, judges its failures, makes dead letters and settles. Nothing here throws,
 * whatever is thrown by the handler, its filter, error handler or classifier, by the tracker, the
 * codec or the transport. Thread-safe if the handler is.
 */
final class Attempts<E extends BaseEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
    private static final Duration LETTER_PAUSE = Duration.ofSeconds(1);

    private final HandlerSettings settings;
    private final EventHandler<E> handler;
    private final RetryStrategy strategy;
    private final Complaints ofErrorHandler;
    private final Complaints ofClassifier;
    private final Complaints ofTracker;
    private final Complaints ofTransport;
    private final Complaints ofDropping;
    private final Complaints ofDeadLetters;

    Attempts(HandlerSettings settings, EventHandler<E> handler) {
        this.settings = settings;
        this.handler = handler;
        this.strategy = handler.retryStrategy().orElse(settings.retry());
        this.ofErrorHandler = complaints("the error handler of %s failed");
        this.ofClassifier = complaints("the error classifier of %s failed");
        this.ofTracker = complaints("the event tracker of %s failed");
        this.ofTransport = complaints("the transport of %s failed to settle an event");
        this.ofDropping = complaints("%s drops an event that it could not handle");
        this.ofDeadLetters = complaints("%s cannot put an event to its dead letters at present");
    }

    private Complaints complaints(String sentence) {
        return new Complaints(LOG, sentence.formatted(settings.subscription()));
    }

    /** What follows a failure. */
    sealed interface Next {
        record Again() implements Next {}

        record After(Duration pause) implements Next {}

        record GiveUp() implements Next {}
    }

    RetryStrategy strategy() {
        return strategy;
    }

    /** Handles the event once; the failure if it failed. */
    @SuppressWarnings("unchecked") // a wrong kind fails in the handler, and is told apart there
    @Nullable Throwable call(Delivery delivery) {
        try {
            E event = (E) delivery.event();
            if (!handler.filter(event)) {
                return null;
            }
            handler.handle(event);
        } catch (Throwable e) { // whatever it is, the next event is handled
            return e;
        }
        track(delivery, EventTracker.Status.PROCESSED);
        return null;
    }

    /** Tells the handler of its failure, and says what follows after so many attempts. */
    Next judge(Delivery delivery, Throwable failure, int attempts) {
        tell(delivery, failure);
        Reaction reaction = classify(failure);
        if (reaction == Reaction.DEAD_LETTER || attempts >= strategy.maxAttempts()) {
            return new Next.GiveUp();
        }
        track(delivery, EventTracker.Status.RETRIED);
        return reaction == Reaction.RETRY_NOW
                ? new Next.Again()
                : new Next.After(strategy.backoff().after(attempts, ThreadLocalRandom.current()));
    }

    private Reaction classify(Throwable failure) {
        try {
            return strategy.classifier().classify(failure);
        } catch (Throwable e) { // as if it said nothing
            ofClassifier.about(e);
            return ErrorClassifier.DEFAULT.classify(failure);
        }
    }

    /**
     * Puts it to the dead letters, or drops it where there are none.
     *
     * @return null if that is done, else how long to pause before trying again
     */
    @Nullable Duration bury(Delivery delivery, Throwable failure, int attempts) {
        DeadLetterRoute route = strategy.deadLetter();
        if (route == null) {
            ofDropping.about(failure);
        } else {
            FailedDelivery letter =
                    new FailedDelivery(delivery, settings.subscription(), route, failure, attempts);
            try {
                settings.deadLetters().put(letter);
            } catch (Throwable e) { // the event must not be lost for it
                ofDeadLetters.about(e);
                return LETTER_PAUSE;
            }
        }
        failed(delivery);
        return null;
    }

    /** Nothing more is done with it. */
    void settle(Delivery delivery) {
        try {
            delivery.settled();
        } catch (Throwable e) { // the transport's to mend; others wait behind it
            ofTransport.about(e);
        }
    }

    /** It is not handled here; whether it comes again. */
    boolean giveBack(Delivery delivery) {
        try {
            if (delivery.returned()) {
                return true;
            }
        } catch (Throwable e) { // as above
            ofTransport.about(e);
            return true;
        }
        failed(delivery);
        return false;
    }

    /** So many were not handled and do not come again. */
    void tellLost(int count) {
        if (count > 0) {
            LOG.warn(
                    "{} ends before it handled {} events, which are lost",
                    settings.subscription(),
                    count);
        }
    }

    /** It failed for good. */
    void failed(Delivery delivery) {
        track(delivery, EventTracker.Status.FAILED);
    }

    @SuppressWarnings("unchecked")
    private void tell(Delivery delivery, Throwable failure) {
        if (failure instanceof UnreadableEventException) {
            return; // there is no event to tell of
        }
        try {
            handler.errorHandler(failure, (E) delivery.event());
        } catch (Throwable e) { // must not change what follows
            ofErrorHandler.about(e);
        }
    }

    private void track(Delivery delivery, EventTracker.Status status) {
        EventTracker tracker = settings.tracker();
        if (tracker == null) {
            return;
        }
        try {
            tracker.track(delivery.event(), status);
        } catch (UnreadableEventException e) {
            LOG.debug("{} could not read an event", settings.subscription(), e);
        } catch (Throwable e) { // what came of the event came of it
            ofTracker.about(e);
        }
    }
}
