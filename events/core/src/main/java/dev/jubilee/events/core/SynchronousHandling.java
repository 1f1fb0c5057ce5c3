package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.PublishException;
import java.time.Duration;

/** Handles events in the publisher's thread, retries and their pauses included. */
final class SynchronousHandling<E extends BaseEvent> {
    private final String subscription;
    private final Attempts<E> attempts;

    SynchronousHandling(HandlerSettings settings, EventHandler<E> handler) {
        this.subscription = settings.subscription();
        this.attempts = new Attempts<>(settings, handler);
    }

    /**
     * Handles the event.
     *
     * @throws PublishException if the handler failed for good; the failure is its cause
     */
    void handle(BaseEvent event) throws InterruptedException {
        InMemoryDelivery delivery = new InMemoryDelivery(event);
        Throwable failure = attempts.call(delivery);
        for (int failures = 1; failure != null; failures++) {
            switch (attempts.judge(delivery, failure, failures)) {
                case Attempts.Next.Again again -> {}
                case Attempts.Next.After(Duration pause) -> Thread.sleep(pause);
                case Attempts.Next.GiveUp giveUp -> {
                    attempts.failed(delivery);
                    throw new PublishException(
                            "%s could not handle %s %s after %d attempts"
                                    .formatted(subscription, event.type(), event.id(), failures),
                            failure);
                }
            }
            failure = attempts.call(delivery);
        }
    }
}
