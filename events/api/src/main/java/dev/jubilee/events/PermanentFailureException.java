package dev.jubilee.events;

/** Thrown by a handler that will never be able to handle this event: trying again is useless. */
public class PermanentFailureException extends RuntimeException {
    public PermanentFailureException(String message) {
        super(message);
    }

    public PermanentFailureException(String message, Throwable cause) {
        super(message, cause);
    }
}
