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

/** Calls a handler, judges its failures and makes dead letters. Thread-safe if the handler is. */
final class Attempts<E extends BaseEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
    private static final Duration LETTER_PAUSE = Duration.ofSeconds(1);

    private final HandlerSettings settings;
    private final EventHandler<E> handler;
    private final RetryStrategy strategy;

    Attempts(HandlerSettings settings, EventHandler<E> handler) {
        this.settings = settings;
        this.handler = handler;
        this.strategy = handler.retryStrategy().orElse(settings.retry());
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
        Reaction reaction = reactionTo(failure);
        if (reaction == Reaction.DEAD_LETTER || attempts >= strategy.maxAttempts()) {
            return new Next.GiveUp();
        }
        track(delivery, EventTracker.Status.RETRIED);
        return reaction == Reaction.RETRY_NOW
                ? new Next.Again()
                : new Next.After(strategy.backoff().after(attempts, ThreadLocalRandom.current()));
    }

    /** A classifier that fails itself must not end the worker: then the default says. */
    private Reaction reactionTo(Throwable failure) {
        try {
            return strategy.classifier().classify(failure);
        } catch (Throwable e) {
            LOG.warn("the error classifier of {} failed", settings.subscription(), e);
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
            LOG.warn(
                    "{} drops an event after {} attempts: {}",
                    settings.subscription(),
                    attempts,
                    failure.toString());
        } else {
            FailedDelivery letter =
                    new FailedDelivery(delivery, settings.subscription(), route, failure, attempts);
            try {
                settings.deadLetters().put(letter);
            } catch (Exception e) {
                LOG.error(
                        "{} cannot put an event to the dead letters {} at present: {}",
                        settings.subscription(),
                        route.joined(),
                        e.toString());
                return LETTER_PAUSE;
            }
        }
        failed(delivery);
        return null;
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
            LOG.warn("the error handler of {} failed", settings.subscription(), e);
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
        } catch (Throwable e) { // what became of the event does not depend on who counts it
            LOG.warn("the tracker of {} failed", settings.subscription(), e);
        }
    }
}
