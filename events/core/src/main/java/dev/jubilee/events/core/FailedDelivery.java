package dev.jubilee.events.core;

import dev.jubilee.events.DeadLetterRoute;

/**
 * A delivery that is to become a dead letter.
 *
 * @param subscription whose handler failed
 * @param route where it goes
 * @param cause the last failure
 * @param attempts how often it was tried
 */
public record FailedDelivery(
        Delivery delivery,
        String subscription,
        DeadLetterRoute route,
        Throwable cause,
        int attempts) {

    /** The failure in words. */
    public String reason() {
        String message = cause.getMessage();
        String name = cause.getClass().getName();
        return message == null ? name : name + ": " + message;
    }
}
