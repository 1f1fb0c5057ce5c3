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
    /** Transports refuse a message whose headers are too long, and then the letter lies nowhere. */
    private static final int LONGEST_REASON = 1_000;

    /** The failure in words, of {@value #LONGEST_REASON} characters at most. */
    public String reason() {
        String name = cause.getClass().getName();
        String words = name;
        try {
            String message = cause.getMessage();
            words = message == null ? name : name + ": " + message;
        } catch (Throwable e) { // a program's own code
            words = name + ", which cannot say why";
        }
        return words.length() <= LONGEST_REASON ? words : words.substring(0, LONGEST_REASON);
    }
}
